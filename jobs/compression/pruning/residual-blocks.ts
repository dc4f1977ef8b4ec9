import { subgraphsOf } from '../../../shared/onnx/attributes';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { inputsOf, postOrder } from '../../../shared/onnx/post-order';
import { elementTypeOf, shapeOf } from '../../../shared/onnx/shapes';
import { topologicalOrder } from '../../../shared/onnx/walk';
import { weightNumbers } from './weight-numbers';

/** `x + f(x)`, where x alone would do: what reads the sum can read x. */
export interface ResidualBlock {
  /** Unique within the model, and the same on every run: that of the first weight of f. */
  readonly name: string;
  readonly sum: OperationValue;
  /** Which input of the sum is x. */
  readonly skip: 0 | 1;
  /** f(x) */
  readonly branch: Value;
  /** Matrices and kernels of f. */
  readonly weights: readonly ConstantValue[];
}

/** As far as the sizes are known: what is not is the same number of rows on both sides. */
function haveOneShape(a: Value, b: Value): boolean {
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (elementTypeOf(a) !== elementTypeOf(b) || left?.length !== right?.length) return false;
  return left?.every((size, axis) => size === right?.[axis]) ?? false;
}

/** What rests on x, of all that f(x) is made of; nothing where f does not rest on x. */
function between(x: Value, branch: Value): readonly Value[] {
  const resting = new Set<Value>([x]);
  const order = postOrder([branch], (value) => (value === x ? [] : inputsOf(value)));
  for (const value of order) if (inputsOf(value).some((each) => resting.has(each))) resting.add(value);
  return resting.has(branch) ? order.filter((value) => value !== x && resting.has(value)) : [];
}

function weightsIn(values: readonly Value[]): readonly ConstantValue[] {
  const found = values.flatMap(inputsOf).flatMap((value) => {
    const isWeight = value.kind === 'constant' && weightNumbers(value) && value.tensor.dims.length > 1;
    return isWeight && elementCount(value.tensor.dims) > 1 ? [value] : [];
  });
  return [...new Set(found)];
}

type Found = Omit<ResidualBlock, 'name'>;

function blockOf(sum: OperationValue, skip: 0 | 1): Found | undefined {
  const [x, branch] = [sum.inputs[skip], sum.inputs[1 - skip]];
  if (x === undefined || branch === undefined || !haveOneShape(sum, x) || !haveOneShape(branch, x))
    return undefined;
  const inside = between(x, branch);
  const isPlain = inside.every(
    (value) => value.kind !== 'operation' || subgraphsOf(value.attributes).length === 0,
  );
  const weights = weightsIn(inside);
  return isPlain && weights.length > 0 ? { sum, skip, branch, weights } : undefined;
}

const sums = new Set(['Add', 'Sum']);

const isSum = (value: Value): value is OperationValue =>
  value.kind === 'operation' && value.domain === '' && sums.has(value.op) && value.inputs.length === 2;

/** Every residual block (He et al., 2016) of a model that can be left out: both sides of the sum are of one shape. */
export function findResidualBlocks({ graph }: Model): readonly ResidualBlock[] {
  const taken = new Map<string, number>();
  const order = topologicalOrder(graph.outputs.map(({ value }) => value));
  return order.filter(isSum).flatMap((sum) => {
    const block = blockOf(sum, 0) ?? blockOf(sum, 1);
    if (block === undefined) return [];
    const name = block.weights.find((weight) => weight.name !== undefined)?.name ?? 'block';
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return [{ ...block, name: count === 1 ? name : `${name}#${count}` }];
  });
}
