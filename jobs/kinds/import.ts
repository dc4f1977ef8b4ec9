import { readFile, stat } from 'node:fs/promises';
import type { JobManifest } from '../../shared/contracts/events';
import { AppError } from '../../shared/errors/app-error';
import type { Model } from '../../shared/onnx/ir';
import { readModel } from '../../shared/onnx/read-model';
import type { ModelSession, TensorInfo } from '../../shared/ports/model-runtime';
import { type DeclaredTensor, deriveSignature } from '../../shared/predictions/derive-signature';
import { checkSignature } from '../models/check-signature';
import { inspectModel, type ModelProblem } from '../models/inspect-model';
import type { JobContext, JobKindDefinition } from './job-kind';

type Result = JobManifest['result'];

/** Protobuf ends at 2 GiB; above this, weights belong in files of their own, which an upload cannot carry. */
const maximumModelBytes = 1024 ** 3;
const mostNodes = 200_000;

/**
 * Opens an uploaded ONNX file where it can harm nobody, in this job's own process, and says what it takes and gives, or
 * all the reasons why it cannot be served.
 */
export const importModel: JobKindDefinition<'import'> = {
  name: 'import',
  async run(_spec, context) {
    const path = await context.inputs.path('model');
    const { size } = await stat(path);
    if (size > maximumModelBytes)
      return rejected([
        { code: 'too_large', detail: `the file has ${size} bytes; at most ${maximumModelBytes} are taken` },
      ]);
    const bytes = await readFile(path);
    const opened = orProblem(() => readModel(bytes, { mostNodes }));
    if ('code' in opened) return rejected([opened]);
    return serveable(opened, bytes, context);
  },
};

async function serveable(model: Model, bytes: Uint8Array, context: JobContext): Promise<Result> {
  const inspected = inspectModel(model);
  if (inspected.problems.length > 0) return rejected(inspected.problems);
  const loaded = await load(bytes, context);
  if ('code' in loaded) return rejected([loaded]);
  const inputs = known(loaded.inputs, inspected.inputs);
  const outputs = known(loaded.outputs, inspected.outputs);
  const declared = context.model?.signature;
  const misfits = declared === undefined ? [] : checkSignature(declared, { inputs, outputs });
  if (misfits.length > 0) return rejected(misfits);
  return { type: 'model_imported', signature: declared ?? deriveSignature(inputs, outputs) };
}

/** The runtime knows every tensor's type, the file tells an unknown rank from a scalar. */
const known = (loaded: readonly TensorInfo[], inspected: readonly DeclaredTensor[]): DeclaredTensor[] =>
  loaded.map((info) => inspected.find(({ name }) => name === info.name) ?? info);

type Tensors = Pick<ModelSession, 'inputs' | 'outputs'>;

async function load(
  bytes: Uint8Array,
  { runtime, threads, provider }: JobContext,
): Promise<Tensors | ModelProblem> {
  try {
    const session = await runtime.load(bytes, { threads, provider });
    await session.dispose();
    return { inputs: session.inputs, outputs: session.outputs };
  } catch (error) {
    return problemOf(error);
  }
}

/** Only what is the model's own fault rejects it: a machine without its accelerator is no reason to. */
function problemOf(error: unknown): ModelProblem {
  if (error instanceof AppError && error.fault === 'caller')
    return { code: error.code, detail: error.message };
  throw error;
}

function orProblem<T extends object>(read: () => T): T | ModelProblem {
  try {
    return read();
  } catch (error) {
    return problemOf(error);
  }
}

const rejected = (errors: readonly ModelProblem[]): Result => ({
  type: 'model_rejected',
  errors: [...errors],
});
