import type { SampleBatch } from '../../jobs/compression/samples';
import type { Workbench } from '../../jobs/compression/workbench';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { ModelSignature } from '../../shared/contracts/model';
import type { Model, Tensor } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';

export interface SampleBenchOptions {
  readonly original: Model;
  readonly signature: ModelSignature;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly labels?: Tensor;
  readonly rowsPerBatch?: number;
  readonly memoryBytes?: number;
  readonly signal?: AbortSignal;
}

/** What is at hand while candidates are made, over rows that lie in memory. */
export interface SampleBench extends Workbench {
  readonly logs: readonly string[];
}

const rowsFrom = ({ elementType, dims: [, ...row], data }: Tensor, from: number, to: number): Tensor => {
  const length = row.reduce((product, size) => product * size, 1);
  return { elementType, dims: [to - from, ...row], data: data.slice(from * length, to * length) };
};

export function sampleBench(options: SampleBenchOptions): SampleBench {
  const { original, signature, feeds, labels, rowsPerBatch = 128, memoryBytes = 2 ** 30 } = options;
  const logs: string[] = [];
  const runtime = onnxModelRuntime();
  const rows = Object.values(feeds)[0]?.dims[0] ?? 0;
  async function* samples({ mostRows = rows }: { mostRows?: number } = {}): AsyncIterable<SampleBatch> {
    const most = Math.min(rows, mostRows);
    for (let from = 0; from < most; from += rowsPerBatch) {
      const to = Math.min(most, from + rowsPerBatch);
      yield {
        rows: to - from,
        feeds: Object.fromEntries(
          Object.entries(feeds).map(([name, tensor]) => [name, rowsFrom(tensor, from, to)]),
        ),
        ...(labels ? { labels: rowsFrom(labels, from, to) } : {}),
      };
    }
  }
  return {
    original,
    signature,
    samples,
    sampleRows: rows,
    open: (model) => runtime.load(writeModel(model), { threads: 1 }),
    seed: 7,
    runtime,
    threads: 2,
    provider: 'cpu',
    memoryBytes,
    signal: options.signal ?? new AbortController().signal,
    log: (_, message) => void logs.push(message),
    logs,
  };
}
