import { floats, tensor } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import type { EpochChunk } from './training-rows';
import type { TrainingState } from './training-state';
import { nextName, stateInputs, type Training } from './training-step';

/** Batches of a chunk, counted from its beginning. */
export interface BatchRange {
  readonly from: number;
  readonly steps: number;
}

type Feeds = Record<string, Tensor>;

/**
 * What a Loop call is fed besides its state. The whole chunk goes in by reference, and the graph picks each batch's rows by
 * index, so that nothing is copied here. What a last batch lacks is filled up with row 0 at weight 0.
 */
export function batchFeeds(
  chunk: EpochChunk,
  { features, batchSize }: Pick<Training, 'features' | 'batchSize'>,
  { from, steps }: BatchRange,
): Feeds {
  const indices = new Int32Array(steps * batchSize);
  const weights = new Float32Array(steps * batchSize);
  const first = from * batchSize;
  const filled = Math.min(indices.length, chunk.rows - first);
  for (let place = 0; place < filled; place++) indices[place] = chunk.order?.[first + place] ?? first + place;
  weights.fill(1, 0, filled);
  return {
    features: floats([chunk.rows, features], chunk.features),
    targets: tensor(chunk.targets instanceof Float32Array ? 'float' : 'int64', [chunk.rows], chunk.targets),
    indices: tensor('int32', [steps, batchSize], indices),
    weights: floats([steps, batchSize], weights),
    steps: tensor('int64', [], [steps]),
  };
}

/** How many rows each batch of a range really has. */
export function batchSizes({ rows }: EpochChunk, batchSize: number, { from, steps }: BatchRange): number[] {
  return Array.from({ length: steps }, (_, step) => Math.min(batchSize, rows - (from + step) * batchSize));
}

/** Names of the graph's inputs that stand for the state. */
export interface StateNames {
  readonly parameters: readonly string[];
  readonly optimizer: readonly string[];
}

export function stateNames(training: Training): StateNames {
  const { parameters, optimizer } = stateInputs(training);
  return { parameters: parameters.map(({ name }) => name), optimizer: optimizer.map(({ name }) => name) };
}

type Tensors = Pick<TrainingState, 'parameters' | 'optimizer'>;

/** The state by the names of the graph's inputs. */
export function stateFeeds(names: StateNames, { parameters, optimizer }: Tensors): Feeds {
  const named = (all: readonly string[], tensors: readonly Tensor[]) =>
    all.flatMap((name, index) => (tensors[index] ? [[name, tensors[index]] as const] : []));
  return Object.fromEntries([...named(names.parameters, parameters), ...named(names.optimizer, optimizer)]);
}

/** The state that a step or a Loop call came to. */
export function nextState(names: StateNames, results: Feeds): Tensors {
  const read = (all: readonly string[]) => all.flatMap((name) => results[nextName(name)] ?? []);
  return { parameters: read(names.parameters), optimizer: read(names.optimizer) };
}
