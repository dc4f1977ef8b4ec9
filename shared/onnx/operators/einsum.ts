import { InvalidGraphError } from '../../errors/graph-errors';
import type { Dimension } from '../ir';
import { broadcastShapes, printShape, type Shape, unifyDimension } from '../shapes';

/** The terms of an Einsum equation: one string of labels per operand, and the result's. `...` stands for broadcast axes. */
export interface EinsumTerms {
  readonly operands: readonly string[];
  readonly result: string;
}

const isLabel = (character: string): boolean => /[A-Za-z]/.test(character);

/** Labels that occur once, in alphabetical order, after the broadcast axes: numpy's rule for an equation without `->`. */
function implicitResult(operands: readonly string[]): string {
  const labels = [...operands.join('')].filter(isLabel);
  const once = labels.filter((label) => labels.indexOf(label) === labels.lastIndexOf(label)).sort();
  return (operands.some((term) => term.includes('...')) ? '...' : '') + once.join('');
}

/** Reads an Einsum equation; `InvalidGraphError` where it does not fit so many operands. */
export function parseEinsum(equation: string, operandCount: number): EinsumTerms {
  const [left = '', right] = equation.replaceAll(/\s/g, '').split('->');
  const operands = left.split(',');
  if (operands.length !== operandCount) {
    throw new InvalidGraphError(
      `the equation '${equation}' has ${operands.length} terms for ${operandCount} inputs`,
    );
  }
  return { operands, result: right ?? implicitResult(operands) };
}

interface Bound {
  readonly sizes: Map<string, Dimension>;
  broadcast: Shape;
}

function bind(term: string, shape: readonly Dimension[], bound: Bound): void {
  const [before = '', after] = term.split('...');
  const named = before.length + (after ?? '').length;
  const spare = shape.length - named;
  if (spare < 0 || (after === undefined && spare > 0)) {
    throw new InvalidGraphError(`the term '${term}' does not fit the shape ${printShape(shape)}`);
  }
  const labels = [...before, ...(after ?? '')];
  const axes = [...shape.slice(0, before.length), ...shape.slice(before.length + spare)];
  labels.forEach((label, index) => {
    bound.sizes.set(label, unifyDimension(bound.sizes.get(label), axes[index]));
  });
  if (after !== undefined) {
    bound.broadcast = broadcastShapes(bound.broadcast, shape.slice(before.length, before.length + spare));
  }
}

/** The result's shape of an Einsum. */
export function einsumShape(equation: string, shapes: readonly Shape[]): Shape {
  const { operands, result } = parseEinsum(equation, shapes.length);
  const bound: Bound = { sizes: new Map(), broadcast: [] };
  for (const [index, term] of operands.entries()) {
    const shape = shapes[index];
    if (shape === undefined) return undefined;
    bind(term, shape, bound);
  }
  const [before = '', after] = result.split('...');
  const sizes = (labels: string) => [...labels].map((label) => bound.sizes.get(label));
  if (after === undefined) return sizes(before);
  return bound.broadcast && [...sizes(before), ...bound.broadcast, ...sizes(after)];
}
