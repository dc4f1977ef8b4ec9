import { InvalidGraphError, MissingGradientError } from '../../shared/errors/graph-errors';
import { operation } from '../../shared/onnx/build';
import { isFloatType } from '../../shared/onnx/element-types';
import { filledLike } from '../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../shared/onnx/ir';
import { dependenciesOf } from '../../shared/onnx/post-order';
import { elementTypeOf, printType, shapeOf } from '../../shared/onnx/shapes';
import { everyValue, topologicalOrder } from '../../shared/onnx/walk';
import { gradientRuleOf, isStepLike } from './gradient-rules';
import type { Gradient } from './gradient-rules/gradient-rule';
import { sumToShape } from './sum-to-shape';

/** Gradients travel through floats, and through what nobody knows the type of. */
function carriesGradient(value: Value): boolean {
  const elementType = elementTypeOf(value);
  return elementType === undefined ? value.type.kind === 'unknown' : isFloatType(elementType);
}

/** Values that change with the parameters, smoothly as far as their types tell. */
function affectedBy(parameters: readonly Value[], order: readonly Value[]): ReadonlySet<Value> {
  const affected = new Set<Value>(parameters);
  for (const value of order) {
    const changes = dependenciesOf(value).some((dependency) => affected.has(dependency));
    if (changes && (value.kind !== 'operation' || value.types.length > 1 || carriesGradient(value)))
      affected.add(value);
  }
  return affected;
}

/** Gradients that came in from each reader of a value, summed when all of them are there. */
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

function checkScalar(loss: Value): void {
  const shape = shapeOf(loss);
  const single = shape === undefined || shape.every((size) => size === 1);
  if (!single || !carriesGradient(loss)) {
    throw new InvalidGraphError(
      `a loss is one number, this one is ${printType(loss.type)}: reduce it to a scalar`,
    );
  }
}

function inputGradients(node: OperationValue, gradients: readonly Gradient[]): readonly Gradient[] {
  if (isStepLike(node.domain, node.op)) return [];
  const rule = gradientRuleOf(node.domain, node.op);
  if (rule === undefined) {
    const name = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
    const place = `${node.op}(${node.inputs.map((value) => (value ? printType(value.type) : '_')).join(', ')})`;
    throw new MissingGradientError(
      name,
      place,
      'put it before the trained part, or build it from operators that have one',
    );
  }
  const first = gradients[0] ?? filledLike(0, node);
  return rule(first, node.inputs, node, node.attributes, gradients);
}

/**
 * The gradients of a scalar loss with respect to values of its graph, as values of the same graph, each in the shape of its
 * value; zeros where the loss does not depend on it. Reverse mode: one walk from the loss back, in topological order, so that
 * the same graph always gets the same gradient graph.
 * `MissingGradientError` where an operator on the way has no rule.
 */
export function differentiate(loss: Value, withRespectTo: readonly Value[]): Value[] {
  checkScalar(loss);
  const affected = affectedBy(withRespectTo, everyValue([loss]));
  const contributions = new Contributions();
  contributions.give(loss, filledLike(1, loss));
  const further = new Map<OperationValue, Gradient[]>();
  for (const value of topologicalOrder([loss]).toReversed()) {
    if (!affected.has(value)) continue;
    const gradient = contributions.sum(value);
    if (value.kind === 'projection' && gradient !== undefined) {
      const gradients = further.get(value.of) ?? [];
      gradients[value.index] = gradient;
      further.set(value.of, gradients);
    }
    if (value.kind !== 'operation') continue;
    const gradients = further.get(value) ?? [];
    gradients[0] = gradient;
    if (gradients.every((each) => each === undefined)) continue;
    const parts = inputGradients(value, Array.from(gradients));
    for (const [index, input] of value.inputs.entries()) {
      const part = parts[index];
      if (input === undefined || part === undefined || !affected.has(input)) continue;
      contributions.give(input, sumToShape(part, input));
    }
  }
  return withRespectTo.map((value) => contributions.sum(value) ?? filledLike(0, value));
}
