import { makeStep } from '../../../jobs/candidates/make-step';
import { isQuantizer, quantizerOf } from '../../../jobs/candidates/quantizers';
import { cleanUp } from '../../../jobs/compression/cleanup/clean-up';
import type { Samples } from '../../../jobs/compression/samples';
import { measureSensitivities } from '../../../jobs/compression/sensitivities';
import type { Workbench } from '../../../jobs/compression/workbench';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { type StepSpec, stepSpec } from '../../../shared/contracts/compression/step-spec';
import type { ModelSignature } from '../../../shared/contracts/model';
import { readModel } from '../../../shared/onnx/read-model';
import { writeModel } from '../../../shared/onnx/write-model';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import type { Contestant } from './contest';

/** What a form is made of. */
export interface Source {
  readonly bytes: Uint8Array;
  readonly signature: ModelSignature;
  readonly samples?: Samples;
  readonly sampleRows?: number;
  /** For processors whose products of 8 bits saturate. */
  readonly reduceRange?: boolean;
}

const threads = 2;

/** A session that may be disposed of by whoever is done with it first. */
function onceDisposed(session: ModelSession): ModelSession {
  let disposed: Promise<void> | undefined;
  return {
    ...session,
    dispose() {
      disposed ??= session.dispose();
      return disposed;
    },
  };
}

/** As a compress job has it, without its files and processes. */
function workbench(source: Source, opened: ModelSession[]): Workbench {
  const { bytes, signature, samples, sampleRows = 0 } = source;
  const runtime = onnxModelRuntime({ flushDenormals: true });
  return {
    runtime,
    threads,
    provider: 'cpu',
    memoryBytes: 4 * 2 ** 30,
    signal: new AbortController().signal,
    log: (level, message) => level !== 'info' && console.log(`  ${level}: ${message}`),
    original: readModel(bytes),
    signature,
    ...(samples === undefined ? {} : { samples }),
    sampleRows,
    async open(model) {
      const session = onceDisposed(await runtime.load(writeModel(model), { threads, provider: 'cpu' }));
      opened.push(session);
      return session;
    },
    seed: 1,
  };
}

/** The model after the clean-up and these steps, made as a compress job makes a candidate; `distill` needs files, and is not made here. */
export async function made(source: Source, steps: readonly object[]): Promise<Uint8Array> {
  const opened: ModelSession[] = [];
  const bench = workbench(source, opened);
  const order = { reduceRange: source.reduceRange ?? false, original: '', outcome: '' };
  try {
    let { model } = await cleanUp(bench.original, bench);
    for (const step of steps) ({ model } = await makeStep(stepSpec.parse(step), model, { bench, order }));
    return writeModel(model);
  } finally {
    for (const session of opened) await session.dispose();
  }
}

/** Enough to tell layers apart, as a job does it. */
const comparedRows = 256;

/** A step that leaves the layer in floats which alone, compressed, changes the answers most: found without any label. */
export async function keepingWorst(source: Source, given: object): Promise<StepSpec> {
  const step = stepSpec.parse(given);
  const { samples } = source;
  if (samples === undefined || !isQuantizer(step)) return step;
  const opened: ModelSession[] = [];
  const bench = workbench(source, opened);
  const order = { reduceRange: source.reduceRange ?? false, original: '', outcome: '' };
  try {
    const { model } = await cleanUp(bench.original, bench);
    const quantize = await quantizerOf(step.name, { step, model, tools: { bench, order } });
    const { layers } = await quantize([]).apply(model);
    const { open } = bench;
    const running = { samples, rows: comparedRows, open, mostLayers: 64 };
    const errors = await measureSensitivities({ model, layers, quantize, ...running });
    const [worst] = [...errors].toSorted(([, a], [, b]) => b - a);
    return worst === undefined ? step : { ...step, keep: [worst[0]] };
  } finally {
    for (const session of opened) await session.dispose();
  }
}

/** Forms by their names; one that cannot be made is told in a line, and left out. */
export async function contestants(
  source: Source,
  forms: Readonly<Record<string, readonly object[]>>,
): Promise<Contestant[]> {
  const all: Contestant[] = [];
  for (const [name, steps] of Object.entries(forms))
    try {
      all.push({ name, bytes: await made(source, steps) });
    } catch (error) {
      console.log(`  ${name} is left out: ${error instanceof Error ? error.message : error}`);
    }
  return all;
}
