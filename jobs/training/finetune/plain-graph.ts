import { attribute, attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { constant, floats, input, operation } from '../../../shared/onnx/build';
import { elementCount, elementFormats } from '../../../shared/onnx/element-types';
import { fromBfloat16, fromFloat16 } from '../../../shared/onnx/half';
import type {
  ConstantValue,
  ElementType,
  Graph,
  InputValue,
  Model,
  OperationValue,
  Tensor,
  Value,
} from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { elementTypeOf, shapeOf } from '../../../shared/onnx/shapes';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { rewrite } from '../../../shared/onnx/walk';

/** Floats that are learned in another width than they are stored in, and how their elements are read. */
const widths: Partial<Record<ElementType, (element: number) => number>> = {
  float16: fromFloat16,
  bfloat16: fromBfloat16,
  double: (element) => element,
};

const isOtherFloat = (elementType: ElementType | undefined): boolean =>
  elementType !== undefined && widths[elementType] !== undefined;

/** Numbers of any type as float32. */
function asFloats({ elementType, dims, data }: Tensor): Tensor {
  const decode = widths[elementType] ?? Number;
  return floats(
    dims,
    Float32Array.from<unknown>(data, (element) => decode(Number(element))),
  );
}

/** A filled tensor of more elements is data, not a weight. */
const mostFilled = 2 ** 28;

/** What stands for weights that a file does not hold: many elements of one value. */
function filled(node: OperationValue): Value | undefined {
  const [shape] = node.inputs;
  const dims = shape && knownInts(shape);
  const given = attributeOf.tensor(node.attributes, 'value');
  const value = given && asFloats(given);
  const elementType = elementTypeOf(node);
  if (elementType !== 'float' && !isOtherFloat(elementType)) return undefined;
  if (dims === undefined || elementCount(dims) > mostFilled) return undefined;
  return constant(floats(dims, new Float32Array(elementCount(dims)).fill(Number(value?.data[0] ?? 0))));
}

const isConstant = (value: Value | undefined): value is ConstantValue => value?.kind === 'constant';

/** Where an element lies along an axis. */
function placeAlong(dims: readonly number[], axis: number): (place: number) => number {
  const inner = elementCount(dims.slice(axis + 1));
  const size = dims[axis] ?? 1;
  return (place) => Math.floor(place / inner) % size;
}

/**
 * A weight that was stored as whole numbers, as the float32 that it stands for; and what was rounded between two layers, as it
 * was before. Blocked scales are left as they are.
 */
function dequantised(node: OperationValue): Value | undefined {
  const [x, scale, zero] = node.inputs;
  if (x?.kind === 'operation' && x.op === 'QuantizeLinear') return x.inputs[0];
  const isBlocked = intAttribute(node.attributes, 'block_size', 0) !== 0;
  if (!isConstant(x) || !isConstant(scale) || (zero !== undefined && !isConstant(zero)) || isBlocked)
    return undefined;
  const { dims } = x.tensor;
  if (x.tensor.data.length !== elementCount(dims)) return undefined;
  const rank = dims.length;
  const axis = (intAttribute(node.attributes, 'axis', 1) + rank) % Math.max(1, rank);
  const at = scale.tensor.data.length === 1 ? () => 0 : placeAlong(dims, axis);
  const [values, scales, zeros] = [x.tensor, scale.tensor, zero?.tensor].map(
    (each) => each && asFloats(each).data,
  );
  const data = Float32Array.from({ length: elementCount(dims) }, (_, place) => {
    const shift = Number(zeros?.[at(place)] ?? 0);
    return (Number(values?.[place]) - shift) * Number(scales?.[at(place)]);
  });
  return constant(floats(dims, data), x.name);
}

/** The mask of a Dropout that nobody trains is all true; where it is read, the node stays. */
const undropped = (node: OperationValue): Value | undefined =>
  node.types.length === 1 ? node.inputs[0] : undefined;

const castToFloat = (node: OperationValue): Value | undefined =>
  isOtherFloat(elementTypeOf(node))
    ? operation('Cast', node.inputs, { ...node.attributes, to: attribute.int(elementFormats.float.code) })
    : undefined;

/** Forms that a trained graph says otherwise. */
const plainForms: Readonly<Record<string, (node: OperationValue) => Value | undefined>> = {
  Cast: castToFloat,
  ConstantOfShape: filled,
  DequantizeLinear: dequantised,
  Dropout: undropped,
};

function plain(value: Value): Value | undefined {
  if (value.kind === 'constant')
    return isOtherFloat(value.tensor.elementType) ? constant(asFloats(value.tensor), value.name) : undefined;
  if (value.kind === 'input') return isOtherFloat(elementTypeOf(value)) ? floatInput(value) : undefined;
  if (value.kind !== 'operation' || value.domain !== '' || !Object.hasOwn(plainForms, value.op))
    return undefined;
  return plainForms[value.op]?.(value);
}

const floatInput = (value: InputValue): InputValue => input(value.name, 'float', shapeOf(value));

/**
 * A model as a graph to be trained on: in today's operators and in float32, weights that were stored in float16, bfloat16,
 * double or as quantised whole numbers included, with nothing dropped out.
 */
export const plainGraph = (model: Model): Graph =>
  rewrite(upgradeModel(model).graph, (_, rebuilt) => plain(rebuilt));
