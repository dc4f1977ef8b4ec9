import type { Value } from '../../../shared/onnx/ir';
import { dependenciesOf } from '../../../shared/onnx/post-order';

/** Those of a list, which has dependencies first, that rest on one of the roots; roots included. */
export function dependentOn(order: readonly Value[], isRoot: (value: Value) => boolean): ReadonlySet<Value> {
  const dependent = new Set<Value>();
  for (const value of order)
    if (isRoot(value) || dependenciesOf(value).some((each) => dependent.has(each))) dependent.add(value);
  return dependent;
}
