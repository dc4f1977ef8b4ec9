import { InvalidGraphError } from '../errors/graph-errors';
import { elementCount, elementFormats, isStoredAs, storageLength } from './element-types';
import { toBfloat16, toFloat16 } from './half';
import { inferTypes } from './infer-types';
import type {
  Attributes,
  ConstantValue,
  Dimension,
  ElementType,
  InputValue,
  OperationValue,
  ProjectionValue,
  Tensor,
  TensorData,
  Value,
  ValueType,
} from './ir';

export { attribute } from './attributes';

type Element = number | bigint | boolean | string;

/** A value fed from outside, or handed to a body by the node that holds it. */
export function input(name: string, elementType: ElementType, shape?: readonly Dimension[]): InputValue {
  return { kind: 'input', name, type: { kind: 'tensor', elementType, shape } };
}

const encoders: Partial<Record<ElementType, (value: number) => number>> = {
  float16: toFloat16,
  bfloat16: toBfloat16,
};

function store(elementType: ElementType, values: readonly Element[]): TensorData {
  const { storage } = elementFormats[elementType];
  if (storage === undefined) return values.map(String);
  if (storage === BigInt64Array || storage === BigUint64Array) {
    return storage.from(values.map((value) => BigInt(value)));
  }
  const encode = encoders[elementType] ?? Number;
  const encoded = values.map((value) => encode(Number(value)));
  return Reflect.construct(storage, [encoded]);
}

const isList = (data: TensorData | readonly Element[]): data is readonly Element[] => Array.isArray(data);

/**
 * A tensor over `data`, held by reference where it is a typed array already; plain lists are converted to the element type.
 * Types under 8 bits are given packed. `InvalidGraphError` where count or kind do not fit.
 */
export function tensor(
  elementType: ElementType,
  dims: readonly number[],
  data: TensorData | readonly Element[],
): Tensor {
  const stored = isList(data) ? store(elementType, data) : data;
  const expected = storageLength(elementType, elementCount(dims));
  if (stored.length !== expected) {
    throw new InvalidGraphError(
      `a tensor ${elementType}[${dims.join(', ')}] needs ${expected} values, got ${stored.length}`,
    );
  }
  if (!isStoredAs(elementType, stored)) {
    throw new InvalidGraphError(`a tensor of ${elementType} cannot be held in ${stored.constructor.name}`);
  }
  return { elementType, dims, data: stored };
}

/** A float32 tensor. */
export const floats = (dims: readonly number[], values: Float32Array | readonly number[]): Tensor =>
  tensor('float', dims, values);

/** A one-dimensional int64 tensor: shapes, axes, indices. */
export const int64s = (values: readonly (number | bigint)[]): Tensor =>
  tensor('int64', [values.length], values);

/** A tensor of rank 0. */
export const scalar = (value: Element, elementType: ElementType = 'float'): Tensor =>
  tensor(elementType, [], [value]);

/** A known tensor: an initializer where it has a name, else a literal. */
export function constant(value: Tensor, name?: string): ConstantValue {
  const type = { kind: 'tensor', elementType: value.elementType, shape: value.dims } as const;
  return name === undefined
    ? { kind: 'constant', tensor: value, type }
    : { kind: 'constant', name, tensor: value, type };
}

export interface OperationOptions {
  readonly domain?: string;
  /** How many outputs the node has; without it, the fewest that the operator allows. */
  readonly outputs?: number;
  /** Types of the outputs where the operator is not in the table, or leaves them open. */
  readonly types?: readonly (ValueType | undefined)[];
}

/** Applies an operator; types are inferred at once. `InvalidGraphError` where the inputs cannot fit. */
export function operation(
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes = {},
  options: OperationOptions = {},
): OperationValue {
  const domain = options.domain ?? '';
  const types = inferTypes({ op, domain, inputs, attributes }, options);
  return { kind: 'operation', op, domain, inputs, attributes, types, type: types[0] ?? { kind: 'unknown' } };
}

const projections = new WeakMap<OperationValue, Map<number, ProjectionValue>>();

/** Output `index` of a node: always the same value; 0 is the node itself. */
export function output(node: OperationValue, index: number): Value {
  if (index === 0) return node;
  const type = node.types[index];
  if (type === undefined) {
    throw new InvalidGraphError(`${node.op} has ${node.types.length} outputs, there is no output ${index}`);
  }
  const made = projections.get(node) ?? new Map<number, ProjectionValue>();
  projections.set(node, made);
  const projection = made.get(index) ?? { kind: 'projection', of: node, index, type };
  made.set(index, projection);
  return projection;
}
