import type { InferInput, InferRequest } from '../contracts/inference';
import type { Tensor } from '../onnx/ir';
import type { TensorInfo } from '../ports/model-runtime';
import { jsonPointer } from './json-pointer';
import { maximumElements, walkNested } from './nested-data';
import { datatypeOf } from './tensor-datatypes';
import {
  isJsonElementType,
  type JsonElementType,
  type TensorFormat,
  type TensorWriter,
  tensorFormats,
} from './tensor-formats';
import { Violations } from './violations';

/**
 * An Open Inference Protocol request's tensors, held against what the model declares. `InvalidRequestError` names every
 * tensor that is unknown, missing, given twice, or of another datatype, shape or length.
 */
export function readInferInputs(
  request: InferRequest,
  declared: readonly TensorInfo[],
): Readonly<Record<string, Tensor>> {
  const violations = new Violations();
  const infos = new Map(declared.map((info) => [info.name, info]));
  const given = new Set<string>();
  const feeds: [string, Tensor][] = [];
  request.inputs.forEach((input, at) => {
    const place = jsonPointer('inputs', at);
    const info = infos.get(input.name);
    if (info === undefined) violations.add(`${place}/name`, unknownInput(input.name, declared));
    else if (given.has(input.name)) violations.add(`${place}/name`, `'${input.name}' is given twice`);
    else feeds.push([input.name, readTensor({ input, info, place, violations })]);
    given.add(input.name);
  });
  for (const { name } of declared)
    if (!given.has(name)) violations.add('/inputs', `the model's input '${name}' is missing`);
  violations.throwIfAny('the inputs do not fit the model');
  return Object.fromEntries(feeds);
}

const unknownInput = (name: string, declared: readonly TensorInfo[]) =>
  `the model has no input '${name}'; it has: ${declared.map((info) => info.name).join(', ')}`;

interface Reading {
  input: InferInput;
  info: TensorInfo;
  place: string;
  violations: Violations;
}

const nothing: Tensor = { elementType: 'float', dims: [0], data: new Float32Array(0) };

function readTensor(reading: Reading): Tensor {
  const { input, place, violations } = reading;
  const elementType = checkedType(reading);
  const layout = checkedLayout(reading);
  if (elementType === undefined || layout === undefined) return nothing;
  const format: TensorFormat = tensorFormats[elementType];
  const writer = format.open(layout.reduce((product, size) => product * size, 1));
  walkNested(input.data, layout, {
    scalar(value, index, at) {
      const wrong = put(writer, index, value);
      if (wrong !== undefined) violations.add(`${place}/data${jsonPointer(...at)}`, wrong);
      return !violations.full;
    },
    misfit: (detail, at) => violations.add(`${place}/data${jsonPointer(...at)}`, detail),
  });
  return { elementType, dims: input.shape, data: writer.data };
}

function put(writer: TensorWriter, index: number, value: unknown): string | undefined {
  if (value !== null || writer.putMissing === undefined) return writer.put(index, value);
  writer.putMissing(index);
  return undefined;
}

function checkedType({ input, info, place, violations }: Reading): JsonElementType | undefined {
  const { elementType } = info;
  if (!isJsonElementType(elementType)) {
    violations.add(place, `the model's '${info.name}' is of ${elementType}, which the protocol cannot carry`);
    return undefined;
  }
  const datatype = datatypeOf(elementType);
  if (input.datatype === datatype) return elementType;
  violations.add(`${place}/datatype`, `'${info.name}' is ${datatype}, got ${input.datatype}`);
  return undefined;
}

const list = (sizes: readonly (number | string)[]) => `[${sizes.join(', ')}]`;
const withWildcards = (shape: TensorInfo['shape']) =>
  list(shape.map((size) => (typeof size === 'number' ? size : -1)));

const fits = (given: readonly number[], declared: TensorInfo['shape']) =>
  given.length === declared.length &&
  declared.every((size, axis) => typeof size === 'string' || size === given[axis]);

/** The nesting that `data` has: that of the shape, or one flat array. */
function checkedLayout({ input, info, place, violations }: Reading): readonly number[] | undefined {
  const { shape, data } = input;
  if (!fits(shape, info.shape)) {
    const wanted = withWildcards(info.shape);
    violations.add(`${place}/shape`, `'${info.name}' has shape ${wanted}, got ${list(shape)}`);
    return undefined;
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const nested = shape.length > 1 && Array.isArray(data[0]);
  if (nested && count <= maximumElements) return shape;
  if (!nested && data.length === count) return [count];
  violations.add(
    `${place}/data`,
    nested
      ? `${list(shape)} is more than the ${maximumElements} values that one request may hold`
      : `${list(shape)} holds ${count} values, got ${data.length}`,
  );
  return undefined;
}
