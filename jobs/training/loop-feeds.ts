import { floats, tensor } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import { unchanged } from './augmentation/augmentation';
import { type EpochChunk, placeOf } from './training-rows';
import { type StateOf, stateGroups } from './training-state';
import { nextName, rowsPerStep, stateInputs, type Training } from './training-step';

/** Steps of a chunk, counted from its beginning. */
export interface StepRange {
  readonly from: number;
  readonly steps: number;
  /** Steps done in all before these. */
  readonly stepsDone: number;
}

type Feeds = Record<string, Tensor>;

/**
 * What a Loop call is fed besides its state. The whole chunk goes in by reference, and the graph picks each batch's rows by
 * index, so that nothing is copied here. What a last batch lacks is filled up with the chunk's first rows at weight 0.
 */
export function batchFeeds(
  chunk: EpochChunk,
  training: Training,
  { from, steps, stepsDone }: StepRange,
): Feeds {
  const { batchSize, accumulation = 1, augmentation = unchanged } = training;
  const batches = steps * accumulation;
  const first = from * rowsPerStep(training);
  const indices = Int32Array.from({ length: batches * batchSize }, (_, place) =>
    placeOf(chunk, (first + place) % chunk.rows),
  );
  const weights = new Float32Array(indices.length).fill(1, 0, Math.max(0, chunk.rows - first));
  const firstBatch = stepsDone * accumulation;
  return {
    features: chunk.features,
    ...(chunk.targets === undefined ? {} : { targets: chunk.targets }),
    indices: tensor('int32', [batches, batchSize], indices),
    weights: floats([batches, batchSize], weights),
    ...augmentation.draw(firstBatch, batches, batchSize),
    first_batch: tensor('int64', [], [firstBatch]),
    steps: tensor('int64', [], [steps]),
  };
}

/** How many rows each step of a range really has. */
export const stepSizes = (chunk: EpochChunk, training: Training, { from, steps }: StepRange): number[] =>
  Array.from({ length: steps }, (_, step) =>
    Math.min(rowsPerStep(training), chunk.rows - (from + step) * rowsPerStep(training)),
  );

/** Names of the graph's inputs that stand for the state. */
export type StateNames = StateOf<string>;

function mapped<T, U>(state: StateOf<T>, change: (value: T, index: number) => U): StateOf<U> {
  const { parameters, statistics, optimizer, averages } = state;
  return {
    parameters: parameters.map(change),
    statistics: statistics.map(change),
    optimizer: optimizer.map(change),
    averages: averages.map(change),
  };
}

export const stateNames = (training: Training): StateNames =>
  mapped(stateInputs(training), ({ name }) => name);

/** The state by the names of the graph's inputs. */
export const stateFeeds = (names: StateNames, state: StateOf<Tensor>): Feeds =>
  Object.fromEntries(
    stateGroups.flatMap((group) =>
      names[group].flatMap((name, index) => {
        const value = state[group][index];
        return value === undefined ? [] : [[name, value] as const];
      }),
    ),
  );

/** The state that a step or a Loop call came to. */
export function nextState(names: StateNames, results: Feeds): StateOf<Tensor> {
  return mapped(names, (name) => {
    const value = results[nextName(name)];
    if (value === undefined) throw new Error(`the training graph gave no ${nextName(name)}`);
    return value;
  });
}
