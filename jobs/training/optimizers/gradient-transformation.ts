import { multiply, subtract } from '../../../shared/onnx/expressions';
import type { ConstantValue, Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';

/**
 * One direction for each parameter, all of them to be multiplied by one factor, which is kept apart so that step sizes and
 * bias corrections are combined as single numbers, and each parameter is multiplied once, not once per transformation.
 */
export interface Directions {
  readonly values: readonly Value[];
  /** Rank 0; 1 where absent. */
  readonly factor?: Value;
}

export interface TransformedGradients {
  readonly updates: Directions;
  readonly state: readonly Value[];
}

/**
 * A step of an optimizer as a function over graph values (the design of optax): gradients go in, what is to be subtracted
 * from the parameters comes out of the last one. State tensors are inputs and outputs, never hidden.
 */
export interface GradientTransformation {
  /** The state before the first step. */
  init(parameters: readonly Value[]): readonly ConstantValue[];
  update(gradients: Directions, state: readonly Value[], parameters: readonly Value[]): TransformedGradients;
  /** What the loss is to be multiplied by ahead of its gradients, rank 0; not at all where absent. */
  lossScale?(state: readonly Value[]): Value | undefined;
}

/** Leaves out what has no state. */
export const stateless = (
  update: (gradients: Directions, parameters: readonly Value[]) => Directions,
): GradientTransformation => ({
  init: () => [],
  update: (gradients, _, parameters) => ({ updates: update(gradients, parameters), state: [] }),
});

/** One transformation after the other; the state is theirs, one behind the other. */
export function chain(...transformations: readonly GradientTransformation[]): GradientTransformation {
  return {
    init: (parameters) => transformations.flatMap((one) => one.init(parameters)),
    update: (gradients, state, parameters) => {
      let updates = gradients;
      let used = 0;
      const next: Value[] = [];
      for (const one of transformations) {
        const size = one.init(parameters).length;
        const transformed = one.update(updates, state.slice(used, used + size), parameters);
        updates = transformed.updates;
        next.push(...transformed.state);
        used += size;
      }
      return { updates, state: next };
    },
  };
}

/** Multiplies the factor, not the values. */
export const scaled = ({ values, factor }: Directions, by: Value): Directions => ({
  values,
  factor: factor === undefined ? by : multiply(factor, by),
});

/** The values with their factor in them. */
export const multipliedOut = ({ values, factor }: Directions): readonly Value[] =>
  factor === undefined ? values : values.map((value) => multiply(value, factor));

/** Parameters after the step. */
export function descend(parameters: readonly Value[], updates: Directions): Value[] {
  const steps = multipliedOut(updates);
  return parameters.map((parameter, index) => subtract(parameter, steps[index] ?? number(0)));
}
