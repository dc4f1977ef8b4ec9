import { UnusableDataError } from '../../shared/errors/job-errors';
import { fromFloat16 } from '../../shared/onnx/half';
import type { Tensor } from '../../shared/onnx/ir';
import { explained } from '../evaluation/metrics/regression-metrics';
import { type Answers, readAnswers } from './batch-folder';
import type { Ruler } from './ruler';

/** Sums over the numbers of each row of one output. */
interface RowSums {
  /** Squares of what a model gives less what the original does. */
  readonly errors: Float64Array;
  /** Squares of what the original gives less its mean over all rows. */
  readonly spread: Float64Array;
}

function floatsOf({ elementType, data }: Tensor): Float64Array {
  if (elementType === 'float16' && data instanceof Uint16Array)
    return Float64Array.from(data, (half) => fromFloat16(half));
  return Float64Array.from<unknown>(data, Number);
}

async function* pairs(original: string, folder: string): AsyncIterable<readonly [Answers, Answers]> {
  const others = readAnswers(folder)[Symbol.asyncIterator]();
  for await (const was of readAnswers(original)) {
    const { value } = await others.next();
    yield [was, value ?? {}];
  }
}

async function meansOf(original: string): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, { sum: number; count: number }>();
  for await (const answers of readAnswers(original))
    for (const [name, tensor] of Object.entries(answers)) {
      const values = floatsOf(tensor);
      const { sum, count } = sums.get(name) ?? { sum: 0, count: 0 };
      sums.set(name, { sum: values.reduce((a, b) => a + b, sum), count: count + values.length });
    }
  return new Map([...sums].map(([name, { sum, count }]) => [name, sum / Math.max(1, count)]));
}

interface Given {
  readonly was: Float64Array;
  readonly is: Float64Array;
  readonly mean: number;
  /** Rows of the batch, and those before it. */
  readonly rows: number;
  readonly from: number;
}

function addSums({ errors, spread }: RowSums, { was, is, mean, rows, from }: Given): void {
  const width = was.length / Math.max(1, rows);
  for (let at = 0; at < was.length; at++) {
    const row = from + Math.floor(at / width);
    const [old = 0, recent = Number.NaN] = [was[at], is[at]];
    errors[row] = (errors[row] ?? 0) + (recent - old) ** 2;
    spread[row] = (spread[row] ?? 0) + (old - mean) ** 2;
  }
}

/**
 * R² of each output against the original's by name, and of them the worst: outputs of other units must not outweigh each
 * other. Rows are resampled as wholes.
 */
export async function fidelityRuler(original: string, sizes: readonly number[]): Promise<Ruler> {
  const means = await meansOf(original);
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  return {
    metric: 'fidelity',
    rows,
    leftOut: 0,
    async read(folder) {
      const sums = new Map([...means.keys()].map((name) => [name, newSums(rows)]));
      let [batch, from] = [0, 0];
      for await (const [was, is] of pairs(original, folder)) {
        const size = sizes[batch++] ?? 0;
        for (const [name, tensor] of Object.entries(was)) {
          const own = sums.get(name);
          const given = { was: floatsOf(tensor), is: answerOf(is, name, tensor), mean: means.get(name) ?? 0 };
          if (own) addSums(own, { ...given, rows: size, from });
        }
        from += size;
      }
      return {
        metricsAt: (places) => (weights) => ({ fidelity: worst([...sums.values()], places, weights) }),
      };
    },
  };
}

const newSums = (rows: number): RowSums => ({
  errors: new Float64Array(rows),
  spread: new Float64Array(rows),
});

function answerOf(answers: Answers, name: string, { data }: Tensor): Float64Array {
  const values = answers[name] === undefined ? undefined : floatsOf(answers[name]);
  if (values?.length === data.length && values.every(Number.isFinite)) return values;
  throw new UnusableDataError(
    values?.length === data.length
      ? `its output '${name}' has NaN or infinity`
      : `its output '${name}' has ${values?.length ?? 'no'} numbers, and the original's ${data.length}`,
    'not_a_number',
  );
}

function worst(outputs: readonly RowSums[], places: Uint32Array, weights: Uint16Array): number {
  const each = outputs.map(({ errors, spread }) => {
    let [left, whole] = [0, 0];
    places.forEach((row, index) => {
      const weight = weights[index] ?? 0;
      left += weight * (errors[row] ?? 0);
      whole += weight * (spread[row] ?? 0);
    });
    return explained(left, whole);
  });
  return Math.min(...each);
}
