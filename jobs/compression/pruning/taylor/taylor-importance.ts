import { castTo, reduceSum } from '../../../../shared/onnx/expressions';
import type { Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { upgradeModel } from '../../../../shared/onnx/upgrade-model';
import type { ChannelGroup, WeightAxis } from '../channel-groups';
import type { Importance } from '../importance';
import { measureEffects, type Part, type TaylorData } from './measure-effects';

/** Where the weights that read a channel are zeroed, the channel is gone, whatever stands between; else those that make it. */
function decisive({ weights }: ChannelGroup): readonly WeightAxis[] {
  const reading = weights.filter(({ role }) => role === 'reads');
  return reading.length > 0 ? reading : weights.filter(({ role }) => role === 'writes');
}

const allExcept = (rank: number, axis: number): readonly number[] =>
  Array.from({ length: rank }, (_, index) => index).filter((index) => index !== axis);

const partOf = ({ weight, axis }: WeightAxis): Part => ({
  at: weight,
  loss: weight,
  reduce: (product: Value) =>
    castTo(reduceSum(product, allExcept(weight.tensor.dims.length, axis), false), 'float'),
});

/** Adds the squares of what each channel of a group changed in one draw. */
function addSquares(
  squares: Float64Array,
  axes: readonly WeightAxis[],
  effects: readonly (Tensor | undefined)[],
): void {
  const sums = new Float64Array(squares.length);
  for (const [at, { channels }] of axes.entries()) {
    const changes = effects[at]?.data;
    if (!(changes instanceof Float32Array)) continue;
    for (const [index, channel] of channels.entries())
      if (channel >= 0) sums[channel] = (sums[channel] ?? 0) + (changes[index] ?? 0);
  }
  for (const [channel, sum] of sums.entries()) squares[channel] = (squares[channel] ?? 0) + sum * sum;
}

/**
 * How much a model's answers change, to first order, without each channel (Molchanov et al., 2019): the square of the sum of
 * gradient times weight over the weights that read the channel, summed over batches. The gradients are those of random changes
 * of the answers, so that no labels are needed; see `drawnChanges`.
 */
export async function taylorImportance(
  given: Model,
  groups: readonly ChannelGroup[],
  data: TaylorData,
): Promise<Importance> {
  const model = upgradeModel(given);
  const scores = groups.map(({ size }) => new Float64Array(size));
  const axes = groups.map(decisive);
  const places = axes.map((_, index) => axes.slice(0, index).flat().length);
  const consume = (effects: ReadonlyMap<number, Tensor>) => {
    for (const [index, own] of axes.entries()) {
      const [squares, place] = [scores[index], places[index] ?? 0];
      const told = own.map((_, at) => effects.get(place + at));
      if (squares !== undefined) addSquares(squares, own, told);
    }
  };
  await measureEffects(model, data, { parts: axes.flat().map(partOf), consume });
  return new Map(groups.map(({ name }, index) => [name, scores[index] ?? new Float64Array()]));
}
