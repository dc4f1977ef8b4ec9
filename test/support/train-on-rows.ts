import { train } from '../../jobs/kinds/train';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import { jobManifest } from '../../shared/contracts/events';
import { trainSpec } from '../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../shared/contracts/model';
import { compileDecoder } from '../../shared/predictions/decode-predictions';
import { compileEncoder, type Instance } from '../../shared/predictions/encode-instances';
import { type FolderJobContext, folderJobContext } from './folder-job-context';

/** A training job on data that were ingested. */
export interface TrainingJob {
  readonly context: FolderJobContext;
  run(): Promise<TrainedOutcome>;
  remove(): Promise<void>;
}

export interface TrainedOutcome {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly history: readonly { readonly metrics: Readonly<Record<string, number>> }[];
  readonly signature: ModelSignature;
  /** What the prediction API answers for these instances. */
  predict(instances: readonly Instance[]): Promise<unknown[]>;
}

/** `ingest` writes the data set into a folder and says where it is. */
export async function trainingJob(
  spec: object,
  ingest: (folder: string) => Promise<string>,
): Promise<TrainingJob> {
  const upload = await folderJobContext();
  const context = await folderJobContext({ inputs: { data: await ingest(upload.folder) } });
  const parsed = trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    register: { name: 'trained' },
    seed: 7,
    ...spec,
  });
  return {
    context,
    run: async () => outcomeOf(context, await train.run(parsed, context)),
    remove: async () => void (await Promise.all([upload.remove(), context.remove()])),
  };
}

async function outcomeOf(context: FolderJobContext, answer: unknown): Promise<TrainedOutcome> {
  const result = jobManifest.shape.result.parse(answer);
  if (result.type !== 'model' || result.signature === undefined) throw new Error('a model was expected');
  const { signature } = result;
  const report = JSON.parse(new TextDecoder().decode(await context.output('report.json')));
  const model = await context.output('model.onnx');
  return {
    metrics: report.metrics,
    history: report.training.history,
    signature,
    async predict(instances) {
      const session = await onnxModelRuntime().load(model);
      try {
        const predictions: unknown[] = [];
        for (const call of compileEncoder(signature, session.inputs)(instances))
          predictions.push(...compileDecoder(signature)(await session.run(call.feeds), call.instances));
        return predictions;
      } finally {
        await session.dispose();
      }
    },
  };
}
