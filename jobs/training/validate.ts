import { floats, input, tensor } from '../../shared/onnx/build';
import { multiply } from '../../shared/onnx/expressions';
import type { Model, Tensor } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { BatchPicker } from './batch-picker';
import type { EncodedRows } from './encode-rows';
import { sumOf } from './graph-math';
import type { Loss } from './losses/loss';
import { type Network, predict, type Weights } from './network';
import { type RowType, rowLength } from './row-type';
import type { TargetEncoding } from './target-encoding';
import type { Validation } from './train';
import { parameterName, statisticName } from './training-step';

export interface Scored {
  readonly network: Network;
  readonly picker: BatchPicker;
  readonly loss: Loss;
}

const weightInputs = ({ parameters, statistics }: Network) => ({
  parameters: parameters.map(({ name, dims }) => input(parameterName(name), 'float', dims)),
  statistics: statistics.map(({ name, dims }) => input(statisticName(name), 'float', dims)),
});

/**
 * How a network does on examples, its weights being inputs: the inputs of the picker and `indices` `[batch]`, to the sums
 * over them of `loss`, of the `weight` of each and of the loss's `score`.
 */
export function scoringModel({ network, picker, loss }: Scored): Model {
  const weights = weightInputs(network);
  const indices = input('indices', 'int32', ['batch']);
  const { features, targets } = picker.pick(indices);
  const outputs = predict(network, features, weights);
  const losses = loss.perRow(outputs, targets);
  const given = loss.rowWeights?.(targets);
  const ones = input('weights', 'float', ['batch']);
  const counted = given === undefined ? ones : multiply(ones, given);
  return model({
    graph: {
      name: 'scoring',
      inputs: [...picker.inputs, indices, ones, ...weights.parameters, ...weights.statistics],
      outputs: [
        { name: 'loss', value: sumOf(multiply(losses, counted)) },
        { name: 'weight', value: sumOf(counted) },
        { name: 'score', value: sumOf(multiply(loss.score(outputs, targets), ones)) },
      ],
    },
  });
}

const weightFeeds = ({ parameters, statistics }: Network, weights: Weights): Record<string, Tensor> => {
  const named = (names: string[], tensors: readonly Tensor[]) =>
    names.flatMap((name, index) => (tensors[index] ? [[name, tensors[index]] as const] : []));
  return Object.fromEntries([
    ...named(
      parameters.map(({ name }) => parameterName(name)),
      weights.parameters,
    ),
    ...named(
      statistics.map(({ name }) => statisticName(name)),
      weights.statistics,
    ),
  ]);
};

/** A run scores at most this many examples, and fewer where they have more than so many numbers: activations are larger. */
const mostScoredRows = 1024;
const mostScoredNumbers = 2 ** 20;

/** How many examples of this kind a run scores: a batch of training always fits, for it keeps all activations. */
export const scoredRowsOf = (features: RowType, batchSize: number): number =>
  Math.min(mostScoredRows, Math.max(batchSize, Math.floor(mostScoredNumbers / rowLength(features))));

const examplesFrom = (from: number, count: number) => ({
  indices: tensor(
    'int32',
    [count],
    Int32Array.from({ length: count }, (_, place) => from + place),
  ),
  weights: floats([count], new Float32Array(count).fill(1)),
});

/** What validation tells of the sums, in words for people. */
export type Told = (means: { loss: number; score: number }) => Validation['metrics'];

/** Loss and accuracy, or the root of the mean squared error in the target's own unit. */
export const toldOf = (encoding: TargetEncoding): Told =>
  encoding.task === 'regression'
    ? ({ loss, score }) => ({
        validation_loss: loss,
        validation_rmse: Math.sqrt(score) * encoding.standardDeviation,
      })
    : ({ loss, score }) => ({ validation_loss: loss, validation_accuracy: score });

export interface ValidatorParts {
  readonly network: Network;
  /** Of `scoringModel`. */
  readonly session: Pick<ModelSession, 'run'>;
  readonly chunks: () => AsyncIterable<EncodedRows>;
  readonly told: Told;
  /** Examples of a run; see `scoredRowsOf`. */
  readonly scoredRows?: number;
}

/** How weights do on held-out examples. The loss is that of training, without penalties. */
export function validator(parts: ValidatorParts): (weights: Weights) => Promise<Validation> {
  const { network, session, chunks, told, scoredRows = mostScoredRows } = parts;
  return async (weights) => {
    const sums = { rows: 0, loss: 0, weight: 0, score: 0 };
    const given = weightFeeds(network, weights);
    for await (const { rows, features, targets } of chunks()) {
      for (let from = 0; from < rows; from += scoredRows) {
        const examples = examplesFrom(from, Math.min(scoredRows, rows - from));
        const results = await session.run({
          ...given,
          ...examples,
          features,
          ...(targets ? { targets } : {}),
        });
        for (const name of ['loss', 'weight', 'score'] as const)
          sums[name] += Number(results[name]?.data[0] ?? Number.NaN);
      }
      sums.rows += rows;
    }
    const means = { loss: sums.loss / sums.weight, score: sums.score / sums.rows };
    return { loss: means.loss, metrics: told(means) };
  };
}
