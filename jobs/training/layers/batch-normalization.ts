import { attribute } from '../../../shared/onnx/attributes';
import { operation, output } from '../../../shared/onnx/build';
import { add, multiply } from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { number } from '../graph-math';
import type { Network } from '../network';

/** PyTorch's: how much of a batch's statistics goes into the running ones, and what keeps a constant channel from division by 0. */
const momentum = 0.1;
const epsilon = 1e-5;

const next = (running: Value, batch: Value, kept: number): Value =>
  add(multiply(running, number(kept)), multiply(batch, number(1 - kept)));

/** How many numbers of a batch share a channel. */
function samplesOf(value: Value): number {
  const [batch = 1, , ...space] = staticShape(shapeOf(value)) ?? [];
  return space.reduce((product, size) => product * size, batch);
}

export interface Normalised {
  /** `[batch, channels, …]` */
  readonly value: Value;
  readonly scale: Value;
  readonly shift: Value;
  readonly running: { readonly mean: Value; readonly variance: Value };
}

export interface NormalisationOptions {
  readonly epsilon: number;
  /** How much of the running statistics stays in a step: 1 - PyTorch's momentum. */
  readonly kept: number;
}

/**
 * One normalisation by the batch's own statistics, and what the running ones are after it. As in PyTorch the running
 * variance is the unbiased one, where ONNX's operator would keep the population's: so the operator is asked, by its momentum
 * of 0, for the batch's own statistics, and they are averaged here.
 */
export function batchStatistics(
  { value, scale, shift, running }: Normalised,
  { epsilon, kept }: NormalisationOptions,
): { readonly node: OperationValue; readonly mean: Value; readonly variance: Value } {
  const node = operation(
    'BatchNormalization',
    [value, scale, shift, running.mean, running.variance],
    { epsilon: attribute.float(epsilon), training_mode: attribute.int(1), momentum: attribute.float(0) },
    { outputs: 3 },
  );
  const samples = samplesOf(value);
  const unbiased = multiply(output(node, 2), number(samples / Math.max(1, samples - 1)));
  return {
    node,
    mean: next(running.mean, output(node, 1), kept),
    variance: next(running.variance, unbiased, kept),
  };
}

/**
 * Brings each channel of `[batch, channels, …]` to mean 0 and deviation 1 over the batch, then scales and shifts it (Ioffe
 * and Szegedy, 2015). Predictions go by running statistics. Rows that fill a last batch up count too: they are rows of the
 * data, only their loss is left out.
 */
export function batchNormalization(name: string, channels: number): Network {
  const names = { scale: `${name}.weight`, shift: `${name}.bias` };
  const running = { mean: `${name}.running_mean`, variance: `${name}.running_var` };
  return {
    parameters: [
      { name: names.scale, dims: [channels], initialiser: 'ones' },
      { name: names.shift, dims: [channels], initialiser: 'zeros' },
    ],
    statistics: [
      { name: running.mean, dims: [channels], initial: 0 },
      { name: running.variance, dims: [channels], initial: 1 },
    ],
    apply(value, { training, parameter, statistic, update }) {
      const [mean, variance] = [statistic(running.mean), statistic(running.variance)];
      const [scale, shift] = [parameter(names.scale), parameter(names.shift)];
      if (!training) {
        const attributes = { epsilon: attribute.float(epsilon) };
        return operation('BatchNormalization', [value, scale, shift, mean, variance], attributes);
      }
      const parts = { value, scale, shift, running: { mean, variance } };
      const after = batchStatistics(parts, { epsilon, kept: 1 - momentum });
      update(running.mean, after.mean);
      update(running.variance, after.variance);
      return after.node;
    },
  };
}
