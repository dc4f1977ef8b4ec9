import type { ModelSignature } from '../../shared/contracts/model';
import { UnusableDataError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import { type RowChunk, readRows, rowNamed } from '../datasets/read-rows';
import { writeRows } from '../datasets/write-rows';
import { rowFeeds } from '../evaluation/row-feeds';
import { headOf } from './batch-folder';
import { type Dealing, type Dealt, dealRows } from './deal-rows';
import { labelTensor } from './label-tensor';
import type { RowSource, RowSources } from './row-source';

export interface TableRowsRequest extends Dealing {
  /** Rows that go through the model at once. */
  readonly batchRows: number;
  /** Whether the model was trained on these data. */
  readonly ownData: boolean;
}

const mayHaveLearned =
  'the model may have learned rows that it is judged by: it was trained on this data set, and which of its rows were held out is not known for this target';

/** Rows of a table as a model reads them. `BadSpecError` and `UnusableDataError` where the two do not fit. */
export async function tableRows(request: TableRowsRequest): Promise<RowSources> {
  const { judged, samples, labelled } = await dealRows(request);
  const source = (dealt: Dealt): RowSource => sourceOf(dealt, request, labelled);
  const writeHeldOut = (path: string) => writeRows(judged.rows, judged.part, path);
  return {
    judged: source(judged),
    samples: source(samples),
    labelled,
    ...(request.data === undefined ? { writeHeldOut } : {}),
    notes: request.ownData && judged.isHeldOut !== true ? [mayHaveLearned] : [],
  };
}

function sourceOf({ rows, part, told }: Dealt, request: TableRowsRequest, labelled: boolean): RowSource {
  const { signature, seed, batchRows } = request;
  const labels = labelTensor(signature);
  const { target = '' } = signature;
  const columns = [...new Set([...signature.inputs.map(({ name }) => name), ...(labelled ? [target] : [])])];
  return {
    rows: rows.counts[part],
    told,
    async *read(mostRows) {
      let left = mostRows;
      const chunks = readRows(rows, { part, columns, chunkRows: batchRows, shuffle: { seed, epoch: 0 } });
      for await (const chunk of chunks) {
        const feeds = await rowFeeds(signature, chunk);
        refuseNaN(signature, feeds, chunk);
        const truth = labelled ? { labels: labels(chunk.columns[target], chunk.rows) } : {};
        yield headOf({ rows: chunk.rows, feeds, ...truth }, left);
        left -= chunk.rows;
        if (left <= 0) return;
      }
    },
  };
}

/** A missing value is for models that impute it; to any other, NaN is every answer's end. `UnusableDataError` names the row. */
function refuseNaN(
  { inputs }: ModelSignature,
  feeds: Readonly<Record<string, Tensor>>,
  chunk: RowChunk,
): void {
  for (const { name, nullable = false, padding } of inputs) {
    const { data } = feeds[name] ?? {};
    if (nullable || padding === null || !(data instanceof Float32Array || data instanceof Float64Array))
      continue;
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    const row = rowNamed(chunk, Math.floor((at * chunk.rows) / data.length));
    throw new UnusableDataError(
      `the column '${name}' has ${data[at]} in ${row}, and the model takes numbers alone there; leave such rows out`,
      'not_a_number',
    );
  }
}
