import { subgraphsOf } from './attributes';
import type { Value } from './ir';

/**
 * Every value that the roots rest on, each once, dependencies first, in an order that only the graph decides.
 * Keeps its own stack, so that depth is bounded by memory alone.
 */
export function postOrder(
  roots: readonly Value[],
  dependenciesOf: (value: Value) => readonly Value[],
): readonly Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: { value: Value; waiting: readonly Value[]; next: number }[] = [];
  const enter = (value: Value) => {
    if (seen.has(value)) return;
    seen.add(value);
    stack.push({ value, waiting: dependenciesOf(value), next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const dependency = top.waiting[top.next++];
      if (dependency !== undefined) enter(dependency);
      else {
        stack.pop();
        order.push(top.value);
      }
    }
  }
  return order;
}

const isValue = (value: Value | undefined): value is Value => value !== undefined;

/** What a value is computed from at its own level: its inputs, or the node that it projects. */
export function inputsOf(value: Value): readonly Value[] {
  if (value.kind === 'operation') return value.inputs.filter(isValue);
  return value.kind === 'projection' ? [value.of] : [];
}

/** Its inputs, and then whatever its bodies give out: through those a walk reaches all that the bodies capture. */
export function dependenciesOf(value: Value): readonly Value[] {
  if (value.kind !== 'operation') return inputsOf(value);
  const bodies = subgraphsOf(value.attributes);
  if (bodies.length === 0) return inputsOf(value);
  return [...inputsOf(value), ...bodies.flatMap((body) => body.outputs.map((output) => output.value))];
}
