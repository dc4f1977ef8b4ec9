import { trainingSummary } from '../report';
import type { Corpus } from './corpus';
import type { DecoderSpec } from './decoder-spec';
import type { FittedLanguageModel } from './fit-language-model';

/** What the model wrote by itself, for people to read. */
export interface Sample {
  readonly prompt: string;
  readonly text: string;
  readonly temperature: number;
  readonly seed: number;
}

export interface ReportedLanguageModel {
  readonly spec: DecoderSpec;
  readonly corpus: Corpus;
  readonly fitted: FittedLanguageModel;
  readonly length: number;
  readonly sample: Sample;
}

/** All that is known of the training of a language model, for people and for later jobs. */
export function languageModelReport({ spec, corpus, fitted, length, sample }: ReportedLanguageModel) {
  const { vocabulary, parts, unknown } = corpus;
  const count = (part: Uint16Array) => part.length;
  return {
    task: 'language_model',
    target: spec.target,
    tokens: {
      kind: vocabulary.kind,
      vocabulary: vocabulary.symbols,
      context: length,
      train: count(parts.train),
      validation: count(parts.validation),
      test: count(parts.test),
      unknown: unknown.validation + unknown.test,
    },
    parameters: fitted.parameters,
    training: trainingSummary(fitted.trained),
    metrics: fitted.metrics,
    sample,
  };
}
