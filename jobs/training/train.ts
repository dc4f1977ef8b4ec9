import type { JobProgress } from '../../shared/contracts/job';
import { DivergenceError, InterruptedError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';
import type { ModelRuntime, ModelSession, SessionOptions } from '../../shared/ports/model-runtime';
import type { Checkpoints } from '../kinds/job-kind';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import {
  batchFeeds,
  nextState,
  type StateNames,
  type StepRange,
  stateFeeds,
  stateNames,
  stepSizes,
} from './loop-feeds';
import type { Weights } from './network';
import { allowance, pace } from './pace';
import type { EpochChunk, TrainingRows } from './training-rows';
import {
  type BestEpoch,
  type EpochRecord,
  initialState,
  type StateOf,
  type TrainingState,
  weightsOf,
} from './training-state';
import { initialOptimizerState, rowsPerStep, type Training, trainingLoopModel } from './training-step';

export interface Validation {
  /** What early stopping watches. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TrainOptions {
  readonly training: Training;
  readonly rows: TrainingRows;
  readonly initialWeights: Weights;
  readonly epochs: number;
  /** Of the whole training, whatever the epochs: it ends within one, or takes as many as it needs. */
  readonly steps?: number;
  /** Absent: there are no rows to validate on. */
  readonly validate?: (weights: Weights) => Promise<Validation>;
  /** Stops after so many epochs that were not better by `minDelta`, and goes back to the best one's weights. */
  readonly earlyStopping?: { readonly patience: number; readonly minDelta: number };
  /** Of everything that decides the outcome: a checkpoint of another one is not gone on from. */
  readonly fingerprint: string;
}

export interface TrainServices {
  readonly runtime: ModelRuntime;
  readonly session: SessionOptions;
  /** Absent: a training that is stopped starts anew. */
  readonly checkpoints?: Checkpoints;
  readonly signal: AbortSignal;
  /** Absent: nobody is told. */
  readonly report?: (progress: JobProgress) => void;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

export interface Trained {
  readonly weights: Weights;
  readonly history: TrainingState['history'];
  readonly steps: number;
  /** Whose weights these are, from 0, where early stopping chose. */
  readonly bestEpoch?: number;
}

/** All steps of an epoch, the last one perhaps of fewer rows. */
export const stepsPerEpoch = (rows: number, stepRows: number): number => Math.ceil(rows / stepRows);

/** Of the whole training. */
export const totalStepsOf = (
  { epochs, steps }: Pick<TrainOptions, 'epochs' | 'steps'>,
  perEpoch: number,
): number => steps ?? epochs * perEpoch;

/**
 * Trains to the end, or until it is told to stop: then it saves a checkpoint and throws `InterruptedError`. Goes on from
 * the newest checkpoint of the same training. The outcome depends on neither the interruptions nor the speed of the machine.
 * `DivergenceError` where the loss is no longer a number.
 */
export async function train(options: TrainOptions, services: TrainServices): Promise<Trained> {
  const bytes = writeModel(trainingLoopModel(options.training));
  const session = await services.runtime.load(bytes, services.session);
  try {
    const { tensors, history, step: steps, best } = await new Trainer(options, services, session).run();
    const weights = weightsOf(tensors);
    if (!weights.parameters.every(areNumbers)) throw new DivergenceError(steps, Number.NaN);
    if (options.earlyStopping === undefined || best === undefined) return { weights, history, steps };
    return { weights: best.weights, history, steps, bestEpoch: best.epoch };
  } finally {
    await session.dispose();
  }
}

/** The last step's loss is that of the weights before it, so without rows to validate on nobody else looks at them. */
const areNumbers = ({ data }: Tensor): boolean => data instanceof Float32Array && data.every(Number.isFinite);

/** Saving may take this part of the time; a stop always saves. */
const savingPart = 0.03;

class Trainer {
  private readonly options: TrainOptions;
  private readonly services: TrainServices;
  private readonly session: ModelSession;
  private readonly names: StateNames;
  private readonly perEpoch: number;
  private readonly totalSteps: number;
  private readonly pace = pace();
  private readonly saving = allowance(savingPart);

  constructor(options: TrainOptions, services: TrainServices, session: ModelSession) {
    this.options = options;
    this.services = services;
    this.session = session;
    this.names = stateNames(options.training);
    this.perEpoch = stepsPerEpoch(options.rows.rows, rowsPerStep(options.training));
    this.totalSteps = totalStepsOf(options, this.perEpoch);
  }

  async run(): Promise<TrainingState> {
    let state = await this.resumed();
    while (state.step < this.totalSteps && !this.outOfPatience(state)) {
      state = await this.closeEpoch(await this.runEpoch(state));
    }
    return state;
  }

  private async resumed(): Promise<TrainingState> {
    const { training, initialWeights, fingerprint } = this.options;
    const start: StateOf<Tensor> = {
      ...initialWeights,
      optimizer: initialOptimizerState(training),
      averages: training.averageDecay === undefined ? [] : initialWeights.parameters,
    };
    const saved = await this.services.checkpoints?.latest();
    if (saved === undefined) return initialState(start);
    const state = decodeCheckpoint(saved.files, fingerprint, start);
    if (state === undefined)
      this.services.log('warn', `the checkpoint at step ${saved.step} is of another training; starting anew`);
    else
      this.services.log('info', `going on from the checkpoint at step ${state.step} of ${this.totalSteps}`);
    return state ?? initialState(start);
  }

  /** The steps of the epoch that are not done yet. */
  private async runEpoch(before: TrainingState): Promise<TrainingState> {
    const { rows, training } = this.options;
    let state = before;
    let chunkStart = 0;
    for await (const chunk of rows.epoch(before.epoch)) {
      const chunkEnd = chunkStart + stepsPerEpoch(chunk.rows, rowsPerStep(training));
      while (state.stepInEpoch < chunkEnd && state.step < this.totalSteps) {
        const left = Math.min(chunkEnd - state.stepInEpoch, this.totalSteps - state.step);
        const range = { from: state.stepInEpoch - chunkStart, steps: Math.min(this.pace.steps(), left) };
        state = await this.runCall(state, chunk, range);
        await this.afterCall(state);
      }
      chunkStart = chunkEnd;
    }
    return state;
  }

  private async runCall(
    state: TrainingState,
    chunk: EpochChunk,
    { from, steps }: Pick<StepRange, 'from' | 'steps'>,
  ): Promise<TrainingState> {
    const { training } = this.options;
    const range = { from, steps, stepsDone: state.step };
    const feeds = { ...batchFeeds(chunk, training, range), ...stateFeeds(this.names, state.tensors) };
    const { result, seconds } = await this.pace.time(steps, () => this.session.run(feeds));
    const losses = Array.from(result.losses?.data ?? [], Number);
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) throw new DivergenceError(state.step + bad + 1, losses[bad] ?? Number.NaN);
    const sizes = stepSizes(chunk, training, range);
    return {
      ...state,
      tensors: nextState(this.names, result),
      stepInEpoch: state.stepInEpoch + steps,
      step: state.step + steps,
      lossSum: losses.reduce((sum, loss, index) => sum + loss * (sizes[index] ?? 0), state.lossSum),
      rowsDone: sizes.reduce((sum, size) => sum + size, state.rowsDone),
      learningRate: Number(result.learning_rates?.data.at(-1)),
      seconds: state.seconds + seconds,
    };
  }

  private async afterCall(state: TrainingState): Promise<void> {
    const { signal, checkpoints, report } = this.services;
    report?.(this.progressOf(state));
    if (checkpoints !== undefined && (signal.aborted || this.saving.due())) {
      const files = encodeCheckpoint(state, this.options.fingerprint);
      await this.saving.run(() => checkpoints.save({ step: state.step, files }));
    }
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
  }

  private progressOf({ step, epoch, history, rowsDone, lossSum, learningRate }: TrainingState): JobProgress {
    const told = { training_loss: lossSum / rowsDone, learning_rate: learningRate };
    return {
      fraction: step / this.totalSteps,
      step,
      epoch,
      metrics: { ...history.at(-1)?.metrics, ...told },
    };
  }

  private async closeEpoch(state: TrainingState): Promise<TrainingState> {
    const validation = await this.options.validate?.(weightsOf(state.tensors));
    if (validation !== undefined && !Number.isFinite(validation.loss))
      throw new DivergenceError(state.step, validation.loss);
    const best = this.bestOf(state, validation);
    const next = {
      ...state,
      ...(best ? { best } : {}),
      ...{ epoch: state.epoch + 1, stepInEpoch: 0, lossSum: 0, rowsDone: 0, seconds: 0 },
      history: [...state.history, recordOf(state, validation)],
    };
    if (this.outOfPatience(next)) {
      this.services.log(
        'info',
        `stopping early after ${next.epoch} epochs: the best was epoch ${(best?.epoch ?? 0) + 1}`,
      );
    }
    return next;
  }

  private bestOf(state: TrainingState, validation: Validation | undefined): BestEpoch | undefined {
    const { earlyStopping } = this.options;
    if (earlyStopping === undefined || validation === undefined) return undefined;
    const bar = (state.best?.loss ?? Number.POSITIVE_INFINITY) - earlyStopping.minDelta;
    if (state.best !== undefined && validation.loss >= bar) return state.best;
    return { epoch: state.epoch, loss: validation.loss, weights: weightsOf(state.tensors) };
  }

  private outOfPatience({ best, epoch }: TrainingState): boolean {
    const { earlyStopping } = this.options;
    return (
      earlyStopping !== undefined && best !== undefined && epoch - 1 - best.epoch >= earlyStopping.patience
    );
  }
}

const recordOf = (
  { epoch, step, lossSum, rowsDone, learningRate, seconds }: TrainingState,
  validation: Validation | undefined,
): EpochRecord => ({
  epoch,
  step,
  training_loss: lossSum / rowsDone,
  learning_rate: learningRate,
  seconds,
  rows_per_second: rowsDone / Math.max(seconds, 1e-9),
  metrics: { ...validation?.metrics },
});
