import type { JobManifest } from '../../../shared/contracts/events';
import type { JobProgress } from '../../../shared/contracts/job';
import { writeModel } from '../../../shared/onnx/write-model';
import type { JobContext } from '../../kinds/job-kind';
import { publishPage } from '../../reports/publish-page';
import { trainingReportPage } from '../../reports/training-report-page';
import type { Corpus } from './corpus';
import type { DecoderSpec } from './decoder-spec';
import { exportLanguageModel, languageModelSignature } from './export-language-model';
import type { FittedLanguageModel } from './fit-language-model';
import { languageModelReport, type Sample } from './report';
import { sampleText } from './sample-text';

const files = { model: 'model.onnx', report: 'report.json' } as const;

/** A language model that is trained, and what it was trained from. */
export interface LanguageModelOutcome {
  readonly spec: DecoderSpec;
  readonly context: JobContext;
  readonly corpus: Corpus;
  readonly fitted: FittedLanguageModel;
  /** Tokens that the model reads at a time. */
  readonly length: number;
}

/** Leaves the model, its report and some text of its own; the answer is what the registry gets. */
export async function publishLanguageModel(outcome: LanguageModelOutcome): Promise<JobManifest['result']> {
  const { spec, context, corpus, fitted } = outcome;
  const model = exported(outcome);
  await context.outputs.publish(files.model, model);
  const report = languageModelReport({ ...outcome, sample: await sampled(outcome, model) });
  await context.outputs.publish(files.report, new TextEncoder().encode(JSON.stringify(report, null, 2)));
  const { name } = spec.register;
  await publishPage(context, () => trainingReportPage({ ...report, ...pageParts(report), name, spec }));
  context.log('info', headline(fitted));
  context.report(doneOf(fitted));
  return {
    type: 'model',
    register: spec.register,
    model: files.model,
    signature: languageModelSignature({ vocabulary: corpus.vocabulary, target: spec.target }),
    metrics: { ...fitted.metrics },
    lineage: { dataset: spec.dataset },
  };
}

const exported = ({ spec, corpus, fitted, length }: LanguageModelOutcome): Uint8Array =>
  writeModel(
    exportLanguageModel({
      decoder: fitted.decoder,
      parameters: fitted.trained.weights.parameters,
      vocabulary: corpus.vocabulary,
      length,
      width: spec.model.width,
      target: spec.target,
    }),
  );

/** The progress of a job that is over. */
function doneOf({ trained: { history, steps } }: FittedLanguageModel): JobProgress {
  const { metrics, training_loss } = history.at(-1) ?? {};
  const told = training_loss === undefined ? {} : { ...metrics, training_loss };
  return { fraction: 1, step: steps, epoch: history.length - 1, metrics: told };
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

/** Some text of the exported model's own, behind the first tokens of what it was not trained on. */
async function sampled(
  { spec, context, corpus, length }: LanguageModelOutcome,
  model: Uint8Array,
): Promise<Sample> {
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
