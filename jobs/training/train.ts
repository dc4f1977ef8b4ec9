import type { JobProgress } from '../../shared/contracts/job';
import { DivergenceError, InterruptedError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';
import type { ModelRuntime, ModelSession, SessionOptions } from '../../shared/ports/model-runtime';
import type { Checkpoints } from '../kinds/job-kind';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint';
import {
  type BatchRange,
  batchFeeds,
  batchSizes,
  nextState,
  type StateNames,
  stateFeeds,
  stateNames,
} from './loop-feeds';
import { allowance, pace } from './pace';
import type { EpochChunk, TrainingRows } from './training-rows';
import { type BestEpoch, initialState, type TrainingState } from './training-state';
import { initialOptimizerState, type Training, trainingLoopModel } from './training-step';

export interface Validation {
  /** What early stopping watches. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TrainOptions {
  readonly training: Training;
  readonly rows: TrainingRows;
  readonly initialParameters: readonly Tensor[];
  readonly epochs: number;
  /** Absent: there are no rows to validate on. */
  readonly validate?: (parameters: readonly Tensor[]) => Promise<Validation>;
  /** Stops after so many epochs that were not better by `minDelta`, and goes back to the best one's weights. */
  readonly earlyStopping?: { readonly patience: number; readonly minDelta: number };
  /** Of everything that decides the outcome: a checkpoint of another one is not gone on from. */
  readonly fingerprint: string;
}

export interface TrainServices {
  readonly runtime: ModelRuntime;
  readonly session: SessionOptions;
  readonly checkpoints: Checkpoints;
  readonly signal: AbortSignal;
  readonly report: (progress: JobProgress) => void;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

export interface Trained {
  readonly parameters: readonly Tensor[];
  readonly history: TrainingState['history'];
  readonly steps: number;
  /** Whose weights these are, from 0, where early stopping chose. */
  readonly bestEpoch?: number;
}

/** All batches of an epoch, the last one perhaps smaller. */
export const batchesPerEpoch = (rows: number, batchSize: number): number => Math.ceil(rows / batchSize);

/**
 * Trains to the end, or until it is told to stop: then it saves a checkpoint and throws `InterruptedError`. Goes on from
 * the newest checkpoint of the same training. The outcome depends on neither the interruptions nor the speed of the machine.
 * `DivergenceError` where the loss is no longer a number.
 */
export async function train(options: TrainOptions, services: TrainServices): Promise<Trained> {
  const bytes = writeModel(trainingLoopModel(options.training));
  const session = await services.runtime.load(bytes, services.session);
  try {
    const { parameters, history, step: steps, best } = await new Trainer(options, services, session).run();
    if (!parameters.every(areNumbers)) throw new DivergenceError(steps, Number.NaN);
    if (options.earlyStopping === undefined || best === undefined) return { parameters, history, steps };
    return { parameters: best.parameters, history, steps, bestEpoch: best.epoch };
  } finally {
    await session.dispose();
  }
}

/** The last step's loss is that of the weights before it, so without rows to validate on nobody else looks at them. */
const areNumbers = ({ data }: Tensor): boolean => data instanceof Float32Array && data.every(Number.isFinite);

/** Saving may take this part of the time; a stop always saves. */
const savingPart = 0.1;

class Trainer {
  private readonly options: TrainOptions;
  private readonly services: TrainServices;
  private readonly session: ModelSession;
  private readonly names: StateNames;
  private readonly totalSteps: number;
  private readonly pace = pace();
  private readonly saving = allowance(savingPart);

  constructor(options: TrainOptions, services: TrainServices, session: ModelSession) {
    this.options = options;
    this.services = services;
    this.session = session;
    this.names = stateNames(options.training);
    this.totalSteps = options.epochs * batchesPerEpoch(options.rows.rows, options.training.batchSize);
  }

  async run(): Promise<TrainingState> {
    let state = await this.resumed();
    while (state.epoch < this.options.epochs && !this.outOfPatience(state)) {
      state = await this.closeEpoch(await this.runEpoch(state));
    }
    return state;
  }

  private async resumed(): Promise<TrainingState> {
    const { training, initialParameters, fingerprint } = this.options;
    const start = initialState(initialParameters, initialOptimizerState(training));
    const saved = await this.services.checkpoints.latest();
    if (saved === undefined) return start;
    const state = decodeCheckpoint(saved.files, fingerprint, start);
    if (state === undefined)
      this.services.log('warn', `the checkpoint at step ${saved.step} is of another training; starting anew`);
    else
      this.services.log('info', `going on from the checkpoint at step ${state.step} of ${this.totalSteps}`);
    return state ?? start;
  }

  /** The batches of the epoch that are not done yet. */
  private async runEpoch(before: TrainingState): Promise<TrainingState> {
    const { rows, training } = this.options;
    let state = before;
    let chunkStart = 0;
    for await (const chunk of rows.epoch(before.epoch)) {
      const chunkEnd = chunkStart + batchesPerEpoch(chunk.rows, training.batchSize);
      while (state.batch < chunkEnd) {
        const steps = Math.min(this.pace.steps(), chunkEnd - state.batch);
        state = await this.runCall(state, chunk, { from: state.batch - chunkStart, steps });
        await this.afterCall(state);
      }
      chunkStart = chunkEnd;
    }
    return state;
  }

  private async runCall(state: TrainingState, chunk: EpochChunk, range: BatchRange): Promise<TrainingState> {
    const { training } = this.options;
    const feeds = { ...batchFeeds(chunk, training, range), ...stateFeeds(this.names, state) };
    const results = await this.pace.time(range.steps, () => this.session.run(feeds));
    const losses = Array.from(results.losses?.data ?? [], Number);
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    if (bad >= 0) throw new DivergenceError(state.step + bad + 1, losses[bad] ?? Number.NaN);
    const sizes = batchSizes(chunk, training.batchSize, range);
    return {
      ...state,
      ...nextState(this.names, results),
      batch: state.batch + range.steps,
      step: state.step + range.steps,
      lossSum: losses.reduce((sum, loss, index) => sum + loss * (sizes[index] ?? 0), state.lossSum),
    };
  }

  private async afterCall(state: TrainingState): Promise<void> {
    const { signal, checkpoints, report } = this.services;
    report(this.progressOf(state));
    if (signal.aborted || this.saving.due()) {
      const files = encodeCheckpoint(state, this.options.fingerprint);
      await this.saving.run(() => checkpoints.save({ step: state.step, files }));
    }
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
  }

  private progressOf({ step, epoch, history, batch, lossSum }: TrainingState): JobProgress {
    const { rows, training } = this.options;
    const training_loss = lossSum / Math.min(rows.rows, batch * training.batchSize);
    return {
      fraction: step / this.totalSteps,
      step,
      epoch,
      metrics: { ...history.at(-1)?.metrics, training_loss },
    };
  }

  private async closeEpoch(state: TrainingState): Promise<TrainingState> {
    const { validate, rows } = this.options;
    const validation = await validate?.(state.parameters);
    if (validation !== undefined && !Number.isFinite(validation.loss))
      throw new DivergenceError(state.step, validation.loss);
    const record = {
      epoch: state.epoch,
      training_loss: state.lossSum / rows.rows,
      metrics: { ...validation?.metrics },
    };
    const history = [...state.history, record];
    const best = this.bestOf(state, validation);
    const next = {
      ...state,
      ...(best ? { best } : {}),
      epoch: state.epoch + 1,
      batch: 0,
      lossSum: 0,
      history,
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
    return { epoch: state.epoch, loss: validation.loss, parameters: state.parameters };
  }

  private outOfPatience({ best, epoch }: TrainingState): boolean {
    const { earlyStopping } = this.options;
    return (
      earlyStopping !== undefined && best !== undefined && epoch - 1 - best.epoch >= earlyStopping.patience
    );
  }
}
