import { attribute, operation, tensor } from '../../shared/onnx/build';
import { and, equal, ints, matMul, not, reduceSum, reshape, sizesOf } from '../../shared/onnx/expressions';
import type { Dimension, Value } from '../../shared/onnx/ir';
import { elementTypeOf, shapeOf } from '../../shared/onnx/shapes';

type Plan = { readonly kept: readonly number[]; readonly dropped: readonly number[] };

/** Axes to sum, or undefined where that turns on sizes that are not known before the run. */
function plan(from: readonly Dimension[], to: readonly Dimension[]): Plan | undefined {
  const extra = from.length - to.length;
  const dropped = Array.from({ length: extra }, (_, axis) => axis);
  const kept: number[] = [];
  for (const [axis, size] of to.entries()) {
    const other = from[axis + extra];
    if (size === other && size !== undefined) continue;
    if (size !== 1 && typeof size !== 'number' && other !== 1) return undefined;
    if (size === 1) kept.push(axis + extra);
  }
  return { kept, dropped };
}

/** Axes to sum found at run time: where the target, lifted to the gradient's rank by ones, has size 1. */
function sumAtRunTime(gradient: Value, target: Value): Value {
  const from = operation('Shape', [gradient]);
  const to = operation('Shape', [target]);
  const missing = operation('Sub', [operation('Shape', [from]), operation('Shape', [to])]);
  const ones = operation('Expand', [ints([1]), missing]);
  const lifted = operation('Concat', [ones, to], { axis: attribute.int(0) });
  const summed = and(equal(lifted, ints([1])), not(equal(from, ints([1]))));
  const axes = operation('Squeeze', [operation('NonZero', [summed]), ints([0])]);
  const sum = operation('ReduceSum', [gradient, axes], { noop_with_empty_axes: attribute.int(1) });
  return reshape(sum, to);
}

/** Rows summed by a product with ones, which runs several times faster than ReduceSum over the first axis. */
function sumOfRows(gradient: Value): Value {
  const rows = shapeOf(gradient)?.[0];
  const sizes =
    typeof rows === 'number' ? ints([rows]) : operation('Shape', [gradient], { end: attribute.int(1) });
  const one = attribute.tensor(tensor(elementTypeOf(gradient) ?? 'float', [1], [1]));
  return matMul(operation('ConstantOfShape', [sizes], { value: one }), gradient);
}

/**
 * Undoes broadcasting: the gradient summed over the axes along which `target` was repeated, in the shape of `target`.
 * Decided before the run where shapes are known, equal names meaning equal sizes; else while it runs.
 */
export function sumToShape(gradient: Value, target: Value): Value {
  const [from, to] = [shapeOf(gradient), shapeOf(target)];
  const axes =
    from !== undefined && to !== undefined && from.length >= to.length ? plan(from, to) : undefined;
  if (axes === undefined) return sumAtRunTime(gradient, target);
  if (axes.dropped.length === 0) return reduceSum(gradient, axes.kept);
  if (axes.kept.length === 0 && from?.length === 2 && axes.dropped.length === 1) return sumOfRows(gradient);
  if (axes.kept.length === 0) return reduceSum(gradient, axes.dropped, false);
  return reshape(reduceSum(gradient, [...axes.dropped, ...axes.kept], false), sizesOf(target));
}
