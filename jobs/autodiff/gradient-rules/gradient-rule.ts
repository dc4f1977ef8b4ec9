import type { Attributes, OperationValue, Value } from '../../../shared/onnx/ir';

/** A gradient, or undefined for an input that has none (indices, shapes, conditions). */
export type Gradient = Value | undefined;

/**
 * The gradients of an operator's inputs, in their order, from the gradient of its first output.
 * A gradient may have the larger shape that its input was broadcast to; the walk sums it back. Rules build more than is
 * asked for without harm: what nobody reads is not part of any graph.
 * `gradients` holds those of all outputs for operators with several; undefined where nobody reads the output.
 */
export type GradientRule = (
  gradient: Value,
  inputs: readonly (Value | undefined)[],
  output: OperationValue,
  attributes: Attributes,
  gradients: readonly Gradient[],
) => readonly Gradient[];

export type GradientRules = Readonly<Record<string, GradientRule>>;

type UnaryRule = (gradient: Value, x: Value, y: OperationValue, attributes: Attributes) => Gradient;

/** A rule that only the first input takes part in. */
export const unary =
  (rule: UnaryRule): GradientRule =>
  (gradient, [x], y, attributes) => [x && rule(gradient, x, y, attributes)];

type BinaryRule = (
  gradient: Value,
  operands: Operands,
  y: OperationValue,
  attributes: Attributes,
) => readonly Gradient[];

export interface Operands {
  readonly a: Value;
  readonly b: Value;
}

/** A rule over two inputs that are always there. */
export const binary =
  (rule: BinaryRule): GradientRule =>
  (gradient, [a, b], y, attributes) =>
    a && b ? rule(gradient, { a, b }, y, attributes) : [];

/** The same gradient for every input. */
export const passed: GradientRule = (gradient, inputs) => inputs.map(() => gradient);
