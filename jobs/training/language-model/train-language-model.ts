import type { JobManifest } from '../../../shared/contracts/events';
import { InterruptedError } from '../../../shared/errors/job-errors';
import { writeModel } from '../../../shared/onnx/write-model';
import type { Table } from '../../datasets/open-table';
import type { JobContext } from '../../kinds/job-kind';
import { publishPage } from '../../reports/publish-page';
import { trainingReportPage } from '../../reports/training-report-page';
import { type Corpus, corpusOf } from './corpus';
import type { DecoderSpec } from './decoder-spec';
import { exportLanguageModel, languageModelSignature } from './export-language-model';
import { type FittedLanguageModel, fitLanguageModel } from './fit-language-model';
import { readText } from './read-text';
import { languageModelReport, type Sample } from './report';
import { sampleText } from './sample-text';

const files = { model: 'model.onnx', report: 'report.json' } as const;

/** Shares of the job's progress: what comes before training, and training. */
const progress = { prepared: 0.02, trained: 0.97 } as const;

/** Tokens that a model reads at a time where its spec does not say: as in nanoGPT's setting for CPUs. */
const defaultContext = 64;

export interface LanguageModelRun {
  readonly spec: DecoderSpec;
  readonly context: JobContext;
  readonly table: Table;
  /** Tested on instead of on a part of the table. */
  readonly testTable?: Table;
}

type Result = JobManifest['result'];

/** Learns to predict the next token of a text, and exports the model that does. */
export async function trainLanguageModel(run: LanguageModelRun): Promise<Result> {
  const { spec, context } = run;
  const length = spec.model.maximum_length ?? defaultContext;
  const corpus = await readCorpus(run, length);
  stage(context, progress.prepared);
  const share = progress.trained - progress.prepared;
  const report: JobContext['report'] = (done) =>
    context.report({ ...done, fraction: progress.prepared + share * done.fraction });
  const fitted = await fitLanguageModel({ spec, model: spec.model, context, corpus, length, report });
  stage(context, progress.trained);
  return publish(run, { corpus, fitted, length });
}

/** `InterruptedError` where the job was told to stop; what training had is in its last checkpoint. */
function stage({ signal, report }: JobContext, fraction: number): void {
  if (signal.aborted) throw new InterruptedError(String(signal.reason));
  report({ fraction, metrics: {} });
}

async function readCorpus({ spec, context, table, testTable }: LanguageModelRun, length: number) {
  const kind = spec.model.tokens;
  const text = await readText(table, spec.target);
  const corpus = corpusOf(text, {
    spec,
    kind,
    context: length,
    ...(testTable ? { testText: await readText(testTable, spec.target) } : {}),
  });
  const { parts, unknown, vocabulary } = corpus;
  context.log(
    'info',
    `a text of ${parts.train.length} ${kind} to train on, ${parts.validation.length} to validate and ${parts.test.length} to test, with ${vocabulary.symbols.length} different tokens`,
  );
  const unseen = unknown.validation + unknown.test;
  if (unseen > 0)
    context.log(
      'warn',
      `${unseen} characters to validate or test on are in none of the text to train on; they are read as '${vocabulary.unknown}'`,
    );
  return corpus;
}

interface Outcome {
  readonly corpus: Corpus;
  readonly fitted: FittedLanguageModel;
  readonly length: number;
}

async function publish({ spec, context }: LanguageModelRun, outcome: Outcome): Promise<Result> {
  const { corpus, fitted, length } = outcome;
  const { vocabulary } = corpus;
  const model = writeModel(
    exportLanguageModel({
      decoder: fitted.decoder,
      parameters: fitted.trained.weights.parameters,
      vocabulary,
      length,
      width: spec.model.width,
      target: spec.target,
    }),
  );
  await context.outputs.publish(files.model, model);
  const sample = await sampled({ spec, context, model, ...outcome });
  const report = languageModelReport({ spec, corpus, fitted, length, sample });
  await context.outputs.publish(files.report, new TextEncoder().encode(JSON.stringify(report, null, 2)));
  const { name } = spec.register;
  await publishPage(context, () => trainingReportPage({ ...report, ...pageParts(report), name, spec }));
  const last = fitted.trained.history.at(-1);
  context.log('info', headline(fitted));
  context.report({
    fraction: 1,
    step: fitted.trained.steps,
    epoch: fitted.trained.history.length - 1,
    metrics: { ...last?.metrics, ...(last ? { training_loss: last.training_loss } : {}) },
  });
  return {
    type: 'model',
    register: spec.register,
    model: files.model,
    signature: languageModelSignature({ vocabulary, target: spec.target }),
    metrics: { ...fitted.metrics },
    lineage: { dataset: spec.dataset },
  };
}

/** What a page of a training shows beside what it shows of every model: tokens are its rows. */
function pageParts({ metrics, sample }: ReturnType<typeof languageModelReport>) {
  const parts = Object.entries(metrics).map(
    ([part, { tokens = 0, ...measured }]) => [part, { rows: tokens, ...measured }] as const,
  );
  const told = [{ name: `Written at temperature ${sample.temperature}`, value: sample.text }];
  return { metrics: Object.fromEntries(parts), facts: told };
}

const sampling = { tokens: 400, temperature: 0.8 } as const;

interface Sampling extends Outcome {
  readonly spec: DecoderSpec;
  readonly context: JobContext;
  readonly model: Uint8Array;
}

/** Some text of the exported model's own, behind the first tokens of what it was not trained on. */
async function sampled({ spec, context, model, corpus, length }: Sampling): Promise<Sample> {
  const { runtime, provider, threads, signal } = context;
  const { parts, vocabulary } = corpus;
  const heldOut = [parts.validation, parts.test, parts.train].find((ids) => ids.length > 0) ?? parts.train;
  const prompt = Array.from(heldOut.subarray(0, Math.min(length, 32)));
  const session = await runtime.load(model, { provider, threads });
  try {
    const ids = await sampleText(session, { ...sampling, prompt, seed: spec.seed, length, signal });
    return {
      prompt: vocabulary.decode(prompt),
      text: vocabulary.decode(ids),
      temperature: sampling.temperature,
      seed: spec.seed,
    };
  } finally {
    await session.dispose();
  }
}

/** The numbers that people ask for first. */
function headline({ metrics }: FittedLanguageModel): string {
  const [part = 'train', measured = {}] = Object.entries(metrics).at(-1) ?? [];
  const numbers = Object.entries(measured).filter(([name]) => name !== 'tokens');
  return `${part}: ${numbers.map(([name, value]) => `${name} ${value.toPrecision(4)}`).join(', ')}`;
}
