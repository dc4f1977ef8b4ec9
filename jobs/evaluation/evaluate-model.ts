import type { ModelSignature } from '../../shared/contracts/model';
import { InterruptedError, UnusableDataError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';
import { type ScalarValues, scalarsOf } from '../datasets/column-values';
import { type RowChunk, readRows } from '../datasets/read-rows';
import type { SplitTable } from '../datasets/split-table';
import { type ClassificationMetrics, classificationMetrics } from './metrics/classification-metrics';
import { type RegressionMetrics, regressionMetrics } from './metrics/regression-metrics';
import { rowFeeds } from './row-feeds';

export type ModelMetrics = ClassificationMetrics | RegressionMetrics;

/** Rows per call of the model; of one size for every evaluation, since dynamic quantization looks at the whole batch. */
const batchRows = 256;

export interface Evaluation {
  readonly signature: ModelSignature;
  readonly rows: SplitTable;
  /** `InterruptedError` soon after it aborts. */
  readonly signal: AbortSignal;
}

/** How well a model does on these rows, from raw columns to predictions as when it serves. */
export async function evaluateModel(
  session: ModelSession,
  { signature, rows, signal }: Evaluation,
): Promise<ModelMetrics> {
  const { target } = signature;
  if (target === undefined) throw new UnusableDataError('the model has no target to measure it by');
  const score = signature.task === 'classification' ? classScorer(signature) : numberScorer(signature);
  const columns = [...signature.inputs.map(({ name }) => name), target];
  for await (const chunk of readRows(rows, { part: 'all', columns, chunkRows: batchRows })) {
    if (signal.aborted) throw new InterruptedError(String(signal.reason));
    score.add(chunk, scalarsOf(chunk.columns[target] ?? []), await session.run(rowFeeds(signature, chunk)));
  }
  return score.metrics();
}

type Outputs = Readonly<Record<string, Tensor>>;

interface Scorer {
  add(chunk: RowChunk, actual: ScalarValues, outputs: Outputs): void;
  metrics(): ModelMetrics;
}

function outputNamed(outputs: Outputs, name: string | undefined): Float32Array {
  const data = name === undefined ? undefined : outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new UnusableDataError('the model has no output of 32-bit floats that its task could be measured by');
}

/** Rows whose class the model was never told of count for nothing: no answer of it could be right. */
function classScorer({ classes = [], outputs }: ModelSignature): Scorer {
  const indexOf = new Map(classes.map((value, index) => [String(value), index]));
  const name = outputs.find(({ shape }) => shape.length === 1 && shape[0] === classes.length)?.name;
  const actual: number[] = [];
  const kept: Float32Array[] = [];
  return {
    add({ rows }, labels, tensors) {
      const probabilities = outputNamed(tensors, name).slice();
      let known = 0;
      for (let row = 0; row < rows; row++) {
        const index = indexOf.get(String(labels[row]));
        if (index === undefined) continue;
        actual.push(index);
        probabilities.copyWithin(known * classes.length, row * classes.length, (row + 1) * classes.length);
        known++;
      }
      kept.push(probabilities.subarray(0, known * classes.length));
    },
    metrics: () => classificationMetrics({ actual, probabilities: joined(kept), classes: classes.length }),
  };
}

function numberScorer({ outputs }: ModelSignature): Scorer {
  const name = outputs.find(({ shape }) => shape.every((size) => size === 1))?.name;
  const actual: Float32Array[] = [];
  const predicted: Float32Array[] = [];
  return {
    add(_chunk, values, tensors) {
      if (!(values instanceof Float32Array)) throw new UnusableDataError('the target is not a number');
      actual.push(values);
      predicted.push(outputNamed(tensors, name));
    },
    metrics: () => regressionMetrics(joined(actual), joined(predicted)),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
