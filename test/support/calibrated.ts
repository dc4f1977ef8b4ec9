import { measureRanges } from '../../jobs/compression/calibration/measure-ranges';
import type { Passed } from '../../jobs/compression/pass';
import { int8Static, type StaticSettings } from '../../jobs/compression/quantization/static/int8-static';
import type { Samples } from '../../jobs/compression/samples';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { Model, Tensor } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';
import type { ModelSession } from '../../shared/ports/model-runtime';

export const openModel = (model: Model): Promise<ModelSession> =>
  onnxModelRuntime().load(writeModel(model), { threads: 1 });

/** Runs a model once. */
export async function runOnce(
  model: Model,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await openModel(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** One batch of rows as samples. */
export const samplesOf = (feeds: Readonly<Record<string, Tensor>>): Samples =>
  async function* () {
    yield { rows: Object.values(feeds)[0]?.dims[0] ?? 0, feeds };
  };

/** A model as static int8, its ranges the extremes over these rows. */
export async function calibrated(
  model: Model,
  feeds: Readonly<Record<string, Tensor>>,
  settings: Partial<StaticSettings> = {},
): Promise<Passed> {
  const ranges = await measureRanges(model, {
    samples: samplesOf(feeds),
    rows: 10_000,
    open: openModel,
    method: 'minmax',
    percentile: 100,
    symmetric: false,
  });
  const defaults = { perChannel: true, symmetric: true, symmetricActivations: false, reduceRange: false };
  return int8Static({ ranges, ...defaults, keep: [], ...settings }).apply(model);
}

/** Norm of the difference over the norm of what was. */
export function relativeErrorOf(before: Tensor | undefined, after: Tensor | undefined): number {
  const [was, is] = [before, after].map((tensor) => Array.from<unknown, number>(tensor?.data ?? [], Number));
  if (was === undefined || is?.length !== was.length) return Number.NaN;
  const norm = (numbers: readonly number[]) => Math.hypot(...numbers);
  return norm(was.map((number, at) => number - (is[at] ?? 0))) / (norm(was) || 1);
}
