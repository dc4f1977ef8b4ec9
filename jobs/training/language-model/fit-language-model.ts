import { createHash } from 'node:crypto';
import type { JobProgress } from '../../../shared/contracts/job';
import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import { writeModel } from '../../../shared/onnx/write-model';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import type { JobContext } from '../../kinds/job-kind';
import { estimateMemory, refuseTooLarge } from '../estimate-memory';
import {
  nextTokenNetwork,
  type TransformerDecoder,
  transformerDecoder,
} from '../families/transformer-decoder';
import type { TransformerSpec } from '../families/transformer-stack';
import { initialWeights } from '../initial-weights';
import { tellOfPrecision } from '../mixed-precision/tell-of-precision';
import { parameterCount } from '../network';
import { extentOf, optimisationOf } from '../optimisation';
import { type Trained, train, type Validation } from '../train';
import type { Training } from '../training-step';
import { scoringModel, type Told, validator } from '../validate';
import type { Corpus } from './corpus';
import { nextTokenLoss } from './next-token-loss';
import {
  heldOutPicker,
  heldOutWindows,
  trainingPicker,
  trainingWindowCount,
  trainingWindows,
  windowCount,
} from './token-windows';
import type { TokenKind } from './vocabulary';

export interface LanguageModelOptions {
  readonly spec: TrainSpec;
  readonly model: TransformerSpec;
  readonly context: JobContext;
  readonly corpus: Corpus;
  /** Tokens that the model reads at a time. */
  readonly length: number;
  /** How the fraction of the training becomes the job's. */
  readonly report: (progress: JobProgress) => void;
}

/**
 * `loss`: mean cross entropy in nats a token; `perplexity`: how many equally likely tokens that would be; the same in bits as
 * `bits_per_character` or `bits_per_byte`; `accuracy`: how often the most probable token follows; `tokens` that it is of. None
 * of them knows of label smoothing.
 */
export type LanguageModelMetrics = Readonly<Record<string, number>>;

export interface FittedLanguageModel {
  readonly decoder: TransformerDecoder;
  readonly trained: Trained;
  /** How many numbers were learned. */
  readonly parameters: number;
  readonly metrics: Readonly<Record<string, LanguageModelMetrics>>;
}

function measuresOf(kind: TokenKind, { loss, score }: { loss: number; score: number }) {
  const bits = kind === 'bytes' ? 'bits_per_byte' : 'bits_per_character';
  return { loss, perplexity: Math.exp(loss), [bits]: loss / Math.LN2, accuracy: score };
}

const prefixed = (measures: Readonly<Record<string, number>>): Validation['metrics'] =>
  Object.fromEntries(Object.entries(measures).map(([name, value]) => [`validation_${name}`, value]));

function trainingOf(options: LanguageModelOptions, decoder: TransformerDecoder): Training {
  const { spec, context, corpus, length } = options;
  const smoothing = spec.loss?.name === 'cross_entropy' ? spec.loss.label_smoothing : 0;
  const vocabulary = corpus.vocabulary.symbols.length;
  const network = nextTokenNetwork(decoder, { vocabulary, length });
  return {
    network,
    picker: trainingPicker(length),
    loss: nextTokenLoss(length, smoothing),
    ...optimisationOf(spec, trainingWindowCount(corpus.parts.train.length, length), {
      log: context.log,
      parameters: network.parameters,
    }),
  };
}

/** Of everything that decides what training comes to. */
function fingerprintOf({ spec, corpus, length }: LanguageModelOptions): string {
  const { register: _, ...decisive } = spec;
  const hash = createHash('sha256').update(
    JSON.stringify([decisive, length, corpus.vocabulary.symbols, corpus.parts.train.length]),
  );
  for (const ids of [corpus.parts.train, corpus.parts.validation])
    hash.update(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
  return hash.digest('hex');
}

/** Trains on windows of the first part of a text, and validates on those of the part behind it. */
export async function fitLanguageModel(options: LanguageModelOptions): Promise<FittedLanguageModel> {
  const { context, corpus, model, length } = options;
  const decoder = transformerDecoder(model, { vocabulary: corpus.vocabulary.symbols.length, length });
  const training = trainingOf(options, decoder);
  tellOfPrecision(options.spec, context);
  const bytes = Object.values(corpus.parts).reduce((sum, ids) => sum + ids.byteLength, 0);
  refuseTooLarge(estimateMemory(training, bytes), training, context.memoryBytes);
  const { network } = training;
  // whatever labels are smoothed to learn from, perplexity and bits are of the text as it is
  const scored = scoringModel({ network, picker: heldOutPicker(length), loss: nextTokenLoss(length) });
  const session = await context.runtime.load(writeModel(scored), sessionOf(context));
  try {
    const trained = await trainWith(options, training, session);
    const parameters = parameterCount(network);
    return { decoder, trained, parameters, metrics: await measure(options, training, { trained, session }) };
  } finally {
    await session.dispose();
  }
}

const sessionOf = ({ provider, threads }: JobContext) => ({ provider, threads });

function trainWith(
  options: LanguageModelOptions,
  training: Training,
  session: ModelSession,
): Promise<Trained> {
  const { spec, context, corpus, length } = options;
  const { runtime, checkpoints, signal, log } = context;
  const validate = validator({
    network: training.network,
    session,
    chunks: heldOutWindows(corpus.parts.validation, length),
    told: (means) => prefixed(measuresOf(corpus.vocabulary.kind, means)),
  });
  return train(
    {
      training,
      rows: trainingWindows(corpus.parts.train, length, spec.seed),
      initialWeights: initialWeights(training.network, spec.seed),
      ...extentOf(spec),
      ...(corpus.parts.validation.length > 0 ? { validate } : {}),
      fingerprint: fingerprintOf(options),
    },
    { runtime, session: sessionOf(context), checkpoints, signal, report: options.report, log },
  );
}

/** Enough to see whether the model learned its text by heart; what it never saw is measured whole. */
const mostMeasuredTokens = 2 ** 16;

interface Measuring {
  readonly trained: Trained;
  readonly session: ModelSession;
}

async function measure(
  { corpus, length }: LanguageModelOptions,
  { network }: Training,
  { trained, session }: Measuring,
): Promise<FittedLanguageModel['metrics']> {
  const measured: Record<string, LanguageModelMetrics> = {};
  for (const part of ['train', 'validation', 'test'] as const) {
    const ids = corpus.parts[part];
    const most = part === 'train' ? Math.max(1, Math.floor(mostMeasuredTokens / length)) : undefined;
    const windows = Math.min(most ?? Number.POSITIVE_INFINITY, windowCount(ids.length, length));
    if (windows === 0) continue;
    const chunks = heldOutWindows(ids, length, windows);
    const told: Told = (means) => measuresOf(corpus.vocabulary.kind, means);
    const { metrics } = await validator({ network, session, chunks, told })(trained.weights);
    measured[part] = { tokens: windows * length, ...metrics };
  }
  return measured;
}
