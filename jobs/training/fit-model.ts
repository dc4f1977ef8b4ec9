import { createHash } from 'node:crypto';
import type { JobProgress } from '../../shared/contracts/job';
import type { TrainSpec } from '../../shared/contracts/kinds/train';
import { InterruptedError } from '../../shared/errors/job-errors';
import type { Model } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';
import type { ModelSession, SessionOptions } from '../../shared/ports/model-runtime';
import { readRows } from '../datasets/read-rows';
import type { Part, SplitTable } from '../datasets/split-table';
import type { JobContext } from '../kinds/job-kind';
import { augmentationOf } from './augmentation/augmentation-of';
import { rowPicker } from './batch-picker';
import { encodedBytes, isIdentity, preprocessingModel, type RowEncoder, rowEncoder } from './encode-rows';
import { estimateMemory, refuseTooLarge, stepThreads } from './estimate-memory';
import { signatureOf } from './export-model';
import { heldOutRows } from './held-out-rows';
import { initialWeights } from './initial-weights';
import type { Loss } from './losses/loss';
import { tellOfPrecision } from './mixed-precision/tell-of-precision';
import { type Network, parameterCount } from './network';
import { type Lesson, openTargets } from './open-targets';
import { extentOf, optimisationOf } from './optimisation';
import type { Prepared } from './prepare';
import { prepareLoss } from './prepare-loss';
import { rowLength } from './row-type';
import { type Trained, type TrainOptions, train } from './train';
import {
  fitsInMemory,
  type ReadChunks,
  type TrainingRows,
  type TrainingRowsOptions,
  trainingRows,
} from './training-rows';
import { rowsPerStep, type Training } from './training-step';
import { scoredRowsOf, scoringModel, toldOf, validator } from './validate';

/** What fitting has of a job. */
export type FitContext = Pick<
  JobContext,
  'inputs' | 'models' | 'runtime' | 'threads' | 'provider' | 'memoryBytes' | 'signal' | 'log'
> &
  Partial<Pick<JobContext, 'checkpoints'>>;

export interface FitOptions {
  readonly spec: TrainSpec;
  readonly split: SplitTable;
  readonly prepared: Prepared;
  readonly context: FitContext;
  /** How the fraction of the training becomes the job's. */
  readonly report: (progress: JobProgress) => void;
  /** Bytes of encoded rows that may be held in memory; larger data are streamed. */
  readonly memoryBudgetBytes?: number;
  /** Absent: the target column, against the spec's loss. */
  readonly lesson?: Lesson;
}

export interface Fitted {
  readonly network: Network;
  readonly trained: Trained;
  /** How many numbers were learned. */
  readonly parameters: number;
}

/** Encoded rows may take this part of what the job may use, and no more than this. */
const rowShare = 1 / 4;
const mostRowBytes = 2 ** 30;

const rowBudgetOf = ({ context, memoryBudgetBytes }: FitOptions): number =>
  memoryBudgetBytes ?? Math.min(mostRowBytes, rowShare * context.memoryBytes);

/** What a part's encoded rows take: at most what they may, for more are read anew. */
const heldBytes = (options: FitOptions, { targets }: Loss, part: Part): number =>
  Math.min(
    rowBudgetOf(options),
    options.split.counts[part] * encodedBytes({ features: options.prepared.features, targets }),
  );

function trainingOf({ spec, split, prepared, context }: FitOptions, loss: Loss): Training {
  return {
    network: prepared.network,
    picker: rowPicker(prepared.features, loss.targets),
    loss,
    ...optimisationOf(spec, split.counts.train, {
      log: context.log,
      parameters: prepared.network.parameters,
    }),
    ...(spec.augmentation
      ? { augmentation: augmentationOf(spec.augmentation, prepared.features, spec.seed) }
      : {}),
  };
}

/** From prepared rows to trained weights: encodes, trains, validates. Whatever it opened is closed when it ends. */
export async function fitModel(options: FitOptions): Promise<Fitted> {
  const { spec, split, prepared, lesson } = options;
  const loss = lesson?.loss ?? (await prepareLoss({ loss: spec.loss, encoding: prepared.encoding, split }));
  const training = trainingOf(options, loss);
  const { runtime, threads, provider, memoryBytes } = options.context;
  const rows = heldBytes(options, loss, 'train') + heldBytes(options, loss, 'validation');
  tellOfPrecision(spec, options.context);
  const estimate = estimateMemory(training, rows, {
    ...(isIdentity(prepared.preprocessing) ? {} : { preprocessing: prepared.preprocessing.features }),
    scores: split.counts.validation > 0,
  });
  refuseTooLarge(estimate, training, memoryBytes);
  const session = { provider, threads: stepThreads(estimate, threads) };
  const opened: ModelSession[] = [];
  const load = async (bytes: Uint8Array) => {
    const loaded = await runtime.load(bytes, session);
    opened.push(loaded);
    return loaded;
  };
  const open = (model: Model) => load(writeModel(model));
  try {
    const trained = await fitWith(options, training, { session, load, open });
    return { network: training.network, trained, parameters: parameterCount(training.network) };
  } finally {
    for (const one of opened) await one.dispose();
  }
}

interface Sessions {
  readonly session: SessionOptions;
  readonly load: (bytes: Uint8Array) => Promise<ModelSession>;
  readonly open: (model: Model) => Promise<ModelSession>;
}

async function fitWith(options: FitOptions, training: Training, sessions: Sessions): Promise<Trained> {
  const { spec, context, prepared } = options;
  const { load } = sessions;
  const targets = await (options.lesson?.openTargets(load) ?? openTargets({ ...options, load }));
  const encoder = rowEncoder({
    signature: signatureOf(prepared),
    features: prepared.features,
    targets: training.loss.targets,
    ...(isIdentity(prepared.preprocessing)
      ? {}
      : { session: await sessions.open(preprocessingModel(prepared.preprocessing)) }),
    encodeTargets: targets.encode,
    workingBytes: prepared.preprocessing.workingBytes ?? 0,
  });
  const encoded = { encoder, columns: targets.columns };
  const rows = await rowsToTrainOn(options, training, encoded);
  const validate = await validation(options, training, { ...encoded, open: sessions.open });
  const { runtime, checkpoints, signal, log } = context;
  return train(
    {
      training,
      rows,
      initialWeights: initialWeights(training.network, spec.seed),
      ...extentOf(spec),
      ...(validate ? { validate } : {}),
      fingerprint: fingerprintOf(options),
    },
    {
      runtime,
      session: sessions.session,
      ...(checkpoints ? { checkpoints } : {}),
      signal,
      report: options.report,
      log,
    },
  );
}

/** Of everything that decides what training comes to. */
function fingerprintOf({ spec, split, prepared, context }: FitOptions): string {
  const { register: _, ...decisive } = spec;
  const { used, encoding } = prepared;
  return createHash('sha256')
    .update(JSON.stringify([decisive, split.counts, used, encoding, context.models]))
    .digest('hex');
}

interface Encoded {
  readonly encoder: RowEncoder;
  /** That targets are made of. */
  readonly columns: readonly string[];
}

async function rowsToTrainOn(
  options: FitOptions,
  training: Training,
  { encoder, columns }: Encoded,
): Promise<TrainingRows> {
  const { spec, split, context } = options;
  const read = reader(options, 'train', columns);
  const asked: TrainingRowsOptions = {
    read,
    encoder,
    rows: split.counts.train,
    stepRows: rowsPerStep(training),
    seed: spec.seed,
    budgetBytes: rowBudgetOf(options),
  };
  const how = fitsInMemory(asked) ? 'held in memory' : 'read anew in shuffled order for each epoch';
  const kept = Math.round((asked.rows * encodedBytes(encoder)) / 2 ** 20);
  context.log(
    'info',
    `${asked.rows} rows of ${rowLength(encoder.features)} features, ${kept} MiB encoded, are ${how}`,
  );
  return trainingRows(asked);
}

const reader = ({ split, prepared, context }: FitOptions, part: Part, targets: readonly string[]) => {
  const columns = [...new Set([...prepared.preprocessing.inputs.map(({ name }) => name), ...targets])];
  return (options: ReadChunks) => {
    const chunks = readRows(split, { part, columns, ...options });
    return options.shuffle ? chunks : untilStopped(chunks, context.signal);
  };
};

/** For reading ahead of training: an epoch that reads is stopped by its training, which saves a checkpoint first. */
async function* untilStopped<T>(chunks: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  for await (const chunk of chunks) {
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
    yield chunk;
  }
}

interface ValidationParts extends Encoded {
  readonly open: Sessions['open'];
}

async function validation(
  options: FitOptions,
  { network, picker, loss, batchSize }: Training,
  { encoder, columns, open }: ValidationParts,
): Promise<TrainOptions['validate']> {
  const { split, prepared } = options;
  const budgetBytes = rowBudgetOf(options);
  const rows = split.counts.validation;
  if (rows === 0) return undefined;
  const read = reader(options, 'validation', columns);
  const chunks = await heldOutRows({ read: (chunkRows) => read({ chunkRows }), encoder, rows, budgetBytes });
  const session = await open(scoringModel({ network, picker, loss }));
  const scoredRows = scoredRowsOf(picker.features, batchSize);
  return validator({ network, session, chunks, told: toldOf(prepared.encoding), scoredRows });
}
