import { subgraphsOf } from '../../../shared/onnx/attributes';
import { elementCount, elementFormats } from '../../../shared/onnx/element-types';
import type {
  ConstantValue,
  ElementType,
  Graph,
  OperationValue,
  Tensor,
  Value,
} from '../../../shared/onnx/ir';
import { dependenciesOf, inputsOf } from '../../../shared/onnx/post-order';
import { elementTypeOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { consumersOf, everyValue } from '../../../shared/onnx/walk';
import { isDeterministic } from './deterministic';

/** A value that rests on constants alone, and that something reads which does not. */
export interface ConstantCone {
  readonly value: Value;
  /** Constants that nobody needs any more once the value is known. */
  readonly leaves: readonly ConstantValue[];
  /** The most bytes that the result may have: those of the constants that it frees, and a kilobyte. */
  readonly mostBytes: number;
}

/** How many bytes a result may be larger than what it saves. */
const allowance = 1024;

/** Weights that are stored as whole numbers stay so: ONNX Runtime knows them in this form alone. */
const storing = new Set(['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear', 'MatMulNBits']);

/** How large these come out depends on the elements alone; never larger than their inputs by more than the rank. */
const selecting = new Set(['NonZero', 'Compress', 'Unique']);

/** Types that results can be read back in. */
const readable: ReadonlySet<ElementType> = new Set([
  ...(['float', 'double', 'float16', 'bool', 'int8', 'uint8', 'int16', 'uint16'] as const),
  ...(['int32', 'uint32', 'int64', 'uint64'] as const),
]);

const widthOf = (elementType: ElementType): number =>
  elementFormats[elementType].storage?.BYTES_PER_ELEMENT ?? 8;

/** How many bytes a tensor takes. */
export const tensorSize = ({ elementType, data }: Tensor): number => data.length * widthOf(elementType);

const mayRest = (node: OperationValue): boolean =>
  isDeterministic(node) && !storing.has(node.op) && subgraphsOf(node.attributes).length === 0;

/** All that rests on constants, constants included. */
function restingValues(order: readonly Value[]): ReadonlySet<Value> {
  const resting = new Set<Value>();
  for (const value of order) {
    if (value.kind === 'input' || (value.kind === 'operation' && !mayRest(value))) continue;
    if (inputsOf(value).every((each) => resting.has(each))) resting.add(value);
  }
  return resting;
}

/** How many bytes a value has, or has at most; undefined where that is not known before the run, or it cannot be read back. */
function sizeOf(value: Value): number | undefined {
  const [dims, elementType] = [staticShape(shapeOf(value)), elementTypeOf(value)];
  if (elementType === undefined || !readable.has(elementType)) return undefined;
  if (dims !== undefined) return elementCount(dims) * widthOf(elementType);
  return value.kind === 'operation' && selecting.has(value.op) ? 0 : undefined;
}

type Consumers = ReadonlyMap<Value, readonly Value[]>;

/** Constants under a value that are read for its sake alone. */
function ownLeaves(value: Value, consumers: Consumers, given: ReadonlySet<Value>): readonly ConstantValue[] {
  const own = new Set<Value>([value]);
  const leaves: ConstantValue[] = [];
  for (const each of everyValue([value]).toReversed()) {
    const isOwn =
      own.has(each) || (!given.has(each) && consumers.get(each)?.every((reader) => own.has(reader)));
    if (!isOwn) continue;
    own.add(each);
    if (each.kind === 'constant') leaves.push(each);
  }
  return leaves;
}

/**
 * The values at which what rests on constants ends, as far as they can be computed and are worth it; where one is not, those that
 * it rests on take its place.
 */
export function constantCones(graph: Graph): readonly ConstantCone[] {
  const roots = graph.outputs.map(({ value }) => value);
  const order = everyValue(roots);
  const resting = restingValues(order);
  const consumers = consumersOf(roots);
  const given = new Set(roots);
  const coneAt = (value: Value): ConstantCone => {
    const leaves = ownLeaves(value, consumers, given);
    const mostBytes = leaves.reduce((sum, { tensor }) => sum + tensorSize(tensor), allowance);
    return { value, leaves, mostBytes };
  };
  const cones: ConstantCone[] = [];
  const wanted = new Set<Value>(roots);
  for (const value of order)
    if (!resting.has(value)) for (const each of dependenciesOf(value)) wanted.add(each);
  for (const value of order.toReversed()) {
    if (!wanted.has(value) || !resting.has(value) || value.kind === 'constant') continue;
    const size = sizeOf(value);
    const cone = size === undefined ? undefined : coneAt(value);
    if (size !== undefined && cone !== undefined && size <= cone.mostBytes) cones.push(cone);
    else for (const each of inputsOf(value)) wanted.add(each);
  }
  return cones;
}
