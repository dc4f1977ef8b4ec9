import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { train } from '../../jobs/kinds/train';
import { type TrainSpec, trainSpec } from '../../shared/contracts/kinds/train';
import { folderJobContext } from '../support/folder-job-context';
import type { Row } from './row';

/** What a spec names; the inputs are files here. */
export const dataset = 'ds_01J00000000000000000000000';

/** Paths of ingested data sets by their role in the job. */
export type Inputs = Record<string, string>;

export const specOf = (spec: object): TrainSpec =>
  trainSpec.parse({ dataset, register: { name: 'accuracy' }, ...spec });

const measured = z.object({
  metrics: z.object({
    test: z.object({
      accuracy: z.number(),
      roc_auc: z.number().optional(),
      /** Of a language model, in nats a token. */
      loss: z.number().optional(),
    }),
  }),
});
const report = z.object({
  training: z.object({ history: z.array(z.object({ seconds: z.number(), step: z.number() })) }),
});

export interface Outcome {
  /** From the upload's bytes on: ingest, train, export, measure. */
  readonly seconds: number;
  /** Of them, those in training steps. */
  readonly trainingSeconds: number;
  readonly steps: number;
  readonly test: z.infer<typeof measured>['metrics']['test'];
}

/** A whole job from the upload's bytes on; an input `base` is a model of no registry. */
export async function runJob(spec: TrainSpec, ingest: (folder: string) => Promise<Inputs>): Promise<Outcome> {
  const upload = await folderJobContext();
  const from = performance.now();
  const inputs = await ingest(upload.folder);
  const context = await folderJobContext({
    inputs,
    ...(inputs.base === undefined ? {} : { models: { base: { name: 'base', version: 1, lineage: {} } } }),
  });
  const result = await train.run(spec, context);
  const seconds = (performance.now() - from) / 1000;
  const { history } = report.parse(
    JSON.parse(new TextDecoder().decode(await context.output('report.json'))),
  ).training;
  await upload.remove();
  await context.remove();
  return {
    seconds,
    trainingSeconds: history.reduce((sum, epoch) => sum + epoch.seconds, 0),
    steps: history.at(-1)?.step ?? 0,
    test: measured.parse(result).metrics.test,
  };
}

export const value = (name: string, unit: string, number: number | undefined): Row => ({
  name,
  unit,
  value: number ?? Number.NaN,
});
