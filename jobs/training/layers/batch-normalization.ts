import { attribute } from '../../../shared/onnx/attributes';
import { operation, output } from '../../../shared/onnx/build';
import { add, multiply } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { number } from '../graph-math';
import type { Network } from '../network';

/** PyTorch's: how much of a batch's statistics goes into the running ones, and what keeps a constant channel from division by 0. */
const momentum = 0.1;
const epsilon = 1e-5;

const next = (running: Value, batch: Value): Value =>
  add(multiply(running, number(1 - momentum)), multiply(batch, number(momentum)));

/** How many numbers of a batch share a channel. */
function samplesOf(value: Value): number {
  const [batch = 1, , ...space] = staticShape(shapeOf(value)) ?? [];
  return space.reduce((product, size) => product * size, batch);
}

/**
 * Brings each channel of `[batch, channels, …]` to mean 0 and deviation 1 over the batch, then scales and shifts it (Ioffe
 * and Szegedy, 2015). Predictions go by running statistics. As in PyTorch the running variance is the unbiased one, where
 * ONNX's operator would keep the population's: so the operator is asked, by its momentum of 0, for the batch's own
 * statistics, and they are averaged here.
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
      const inputs = [value, parameter(names.scale), parameter(names.shift), mean, variance];
      const attributes = { epsilon: attribute.float(epsilon) };
      if (!training) return operation('BatchNormalization', inputs, attributes);
      const node = operation(
        'BatchNormalization',
        inputs,
        { ...attributes, training_mode: attribute.int(1), momentum: attribute.float(0) },
        { outputs: 3 },
      );
      const samples = samplesOf(value);
      const unbiased = multiply(output(node, 2), number(samples / Math.max(1, samples - 1)));
      update(running.mean, next(mean, output(node, 1)));
      update(running.variance, next(variance, unbiased));
      return node;
    },
  };
}
