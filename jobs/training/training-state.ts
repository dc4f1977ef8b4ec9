import { z } from 'zod';
import type { Tensor } from '../../shared/onnx/ir';
import type { Weights } from './network';

/** What is told of an epoch; `metrics` are of the validation rows, by name, e.g. `validation_loss`. */
export const epochRecord = z.strictObject({
  epoch: z.number().int(),
  /** Done in all by the end of the epoch. */
  step: z.number().int(),
  training_loss: z.number(),
  /** Of the last step. */
  learning_rate: z.number(),
  /** Spent in steps. */
  seconds: z.number(),
  rows_per_second: z.number(),
  metrics: z.record(z.string(), z.number()),
});
export type EpochRecord = z.infer<typeof epochRecord>;

/** The groups of tensors that a step changes, in the order in which graphs and checkpoints have them. */
export const stateGroups = ['parameters', 'statistics', 'optimizer', 'averages'] as const;
export type StateOf<T> = { readonly [group in (typeof stateGroups)[number]]: readonly T[] };

/** Values in the groups and numbers of a state. */
export function regrouped<T>(like: StateOf<unknown>, values: readonly T[]): StateOf<T> {
  let used = 0;
  const taken = (group: keyof StateOf<unknown>): T[] => {
    const from = used;
    used += like[group].length;
    return values.slice(from, used);
  };
  return {
    parameters: taken('parameters'),
    statistics: taken('statistics'),
    optimizer: taken('optimizer'),
    averages: taken('averages'),
  };
}

/** The weights of the epoch that validated best so far. */
export interface BestEpoch {
  readonly epoch: number;
  readonly loss: number;
  readonly weights: Weights;
}

/** All that training has come to: whoever goes on from it goes on exactly as if it had never stopped. */
export interface TrainingState {
  /** The epoch that is under way, from 0, and how many of its steps are done. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** Steps done in all. */
  readonly step: number;
  /** Over the rows of this epoch's steps so far, and how many rows they are. */
  readonly lossSum: number;
  readonly rowsDone: number;
  readonly learningRate: number;
  /** Spent in this epoch's steps so far. */
  readonly seconds: number;
  readonly tensors: StateOf<Tensor>;
  readonly history: readonly EpochRecord[];
  readonly best?: BestEpoch;
}

/** Before the first step. */
export const initialState = (tensors: StateOf<Tensor>): TrainingState => ({
  epoch: 0,
  stepInEpoch: 0,
  step: 0,
  lossSum: 0,
  rowsDone: 0,
  learningRate: 0,
  seconds: 0,
  tensors,
  history: [],
});

/** What is validated and exported: the averages of the parameters where they are kept. */
export const weightsOf = ({ parameters, averages, statistics }: StateOf<Tensor>): Weights => ({
  parameters: averages.length > 0 ? averages : parameters,
  statistics,
});
