import type { JobManifest } from '../../../shared/contracts/events';
import { InterruptedError } from '../../../shared/errors/job-errors';
import type { Table } from '../../datasets/open-table';
import type { JobContext } from '../../kinds/job-kind';
import { corpusOf } from './corpus';
import type { DecoderSpec } from './decoder-spec';
import { fitLanguageModel } from './fit-language-model';
import { publishLanguageModel } from './publish-language-model';
import { readText } from './read-text';

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
  return publishLanguageModel({ spec, context, corpus, fitted, length });
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
