import { operation } from '../../shared/onnx/build';
import { isFloatType } from '../../shared/onnx/element-types';
import { filledLike } from '../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../shared/onnx/ir';
import { dependenciesOf, postOrder } from '../../shared/onnx/post-order';
import { elementTypeOf } from '../../shared/onnx/shapes';
import { enclosingBodies } from '../../shared/onnx/walk';
import { decompositionOf } from './decompositions';
import { gradientRuleOf, isStepLike } from './gradient-rules';
import type { Gradient } from './gradient-rules/gradient-rule';
import { nearestForm } from './nearest-forms';
import { sumToShape } from './sum-to-shape';
import { unsupported } from './unsupported';

/** A value and the gradient that it starts with. */
export interface Seed {
  readonly value: Value;
  readonly gradient: Value;
}

/** Gradients travel through floats, through what nobody knows the type of, and straight through rounding to whole numbers. */
export function carriesGradient(value: Value): boolean {
  if (value.kind === 'operation' && value.op === 'QuantizeLinear') return true;
  const elementType = elementTypeOf(value);
  return elementType === undefined ? value.type.kind === 'unknown' : isFloatType(elementType);
}

/** Values that change with the parameters, smoothly as far as their types tell. */
function affectedBy(parameters: readonly Value[], order: readonly Value[]): ReadonlySet<Value> {
  const affected = new Set<Value>(parameters.filter(carriesGradient));
  for (const value of order) {
    const passes = (value.kind === 'operation' && value.types.length > 1) || carriesGradient(value);
    if (passes && dependenciesOf(value).some((dependency) => affected.has(dependency))) affected.add(value);
  }
  return affected;
}

/** What came in from each reader of a value, summed once all of them have been heard. */
class Contributions {
  private readonly parts = new Map<Value, Value[]>();

  give(value: Value, part: Value): void {
    const parts = this.parts.get(value) ?? [];
    parts.push(part);
    this.parts.set(value, parts);
  }

  sum(value: Value): Gradient {
    const parts = this.parts.get(value) ?? [];
    if (parts.length < 2) return parts[0];
    const total = operation(parts.length === 2 ? 'Add' : 'Sum', parts);
    this.parts.set(value, [total]);
    return total;
  }
}

const isValue = (value: Value | undefined): value is Value => value !== undefined;

/** Gradients through what the node is made of. An input that is given twice has them where it is given first. */
function throughParts(node: OperationValue, gradients: readonly Gradient[]): readonly Gradient[] | undefined {
  const outputs = decompositionOf(node.domain, node.op)?.(node.inputs, node);
  if (outputs === undefined) return undefined;
  const seeds = outputs.flatMap((value, index) => {
    const gradient = gradients[index];
    return value === undefined || gradient === undefined ? [] : [{ value, gradient }];
  });
  const inputs = node.inputs.filter(isValue);
  const pulled = pullBack(seeds, inputs);
  const found = new Map(inputs.map((input, index) => [input, pulled[index]]));
  return node.inputs.map((input, index) =>
    input === undefined || node.inputs.indexOf(input) < index ? undefined : found.get(input),
  );
}

function inputGradients(node: OperationValue, gradients: readonly Gradient[]): readonly Gradient[] {
  if (isStepLike(node.domain, node.op)) return [];
  const rule = gradientRuleOf(node.domain, node.op);
  if (rule !== undefined)
    return rule(gradients[0] ?? filledLike(0, node), node.inputs, node, node.attributes, gradients);
  const parts = throughParts(node, gradients);
  if (parts === undefined) throw unsupported(node, nearestForm(node.domain, node.op));
  return parts;
}

/**
 * Carries gradients from values back to those that they are made of, in reverse topological order, so that the same graph
 * always gets the same gradient graph. Undefined where a value takes no part.
 * Only what stands between is walked: behind the values asked for, others may lie as deep as they want, unless `through`
 * says that one of them may rest on another.
 */
export function pullBack(
  seeds: readonly Seed[],
  withRespectTo: readonly Value[],
  through = false,
): readonly Gradient[] {
  const asked = new Set(withRespectTo);
  const behind = (value: Value) => (!through && asked.has(value) ? [] : dependenciesOf(value));
  const order = postOrder(
    seeds.map((seed) => seed.value),
    behind,
  );
  const affected = affectedBy(withRespectTo, order);
  const contributions = new Contributions();
  for (const { value, gradient } of seeds) contributions.give(value, gradient);
  const outputs = new Map<OperationValue, Gradient[]>();
  const bodies = enclosingBodies(order);
  for (const value of order.toReversed()) {
    if (!affected.has(value) || bodies.has(value) || (!through && asked.has(value))) continue;
    const gradient = contributions.sum(value);
    if (value.kind === 'projection')
      outputs.set(value.of, withAt(outputs.get(value.of), value.index, gradient));
    if (value.kind !== 'operation') continue;
    const gradients = withAt(outputs.get(value), 0, gradient);
    if (gradients.every((each) => each === undefined)) continue;
    for (const [index, part] of inputGradients(value, gradients).entries()) {
      const input = value.inputs[index];
      if (input === undefined || part === undefined || !affected.has(input)) continue;
      contributions.give(input, sumToShape(part, input));
    }
  }
  return withRespectTo.map((value) => contributions.sum(value));
}

function withAt(list: readonly Gradient[] | undefined, index: number, gradient: Gradient): Gradient[] {
  const grown = Array.from({ length: Math.max(index + 1, list?.length ?? 0) }, (_, at) => list?.[at]);
  grown[index] = gradient;
  return grown;
}
