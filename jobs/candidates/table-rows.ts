import type { ModelSignature, SplitSettings } from '../../shared/contracts/model';
import { isLabelled } from '../../shared/datasets/check-compression';
import { UnusableDataError } from '../../shared/errors/job-errors';
import type { Tensor } from '../../shared/onnx/ir';
import { halveTable } from '../datasets/halve-table';
import type { Table } from '../datasets/open-table';
import { type RowChunk, readRows, rowNamed } from '../datasets/read-rows';
import type { Part, SplitTable } from '../datasets/split-table';
import { splitTable, unsplitTable } from '../datasets/split-table';
import { rowFeeds } from '../evaluation/row-feeds';
import { headOf } from './batch-folder';
import { labelTensor } from './label-tensor';
import type { RowSource, RowSources } from './row-source';

export interface TableRowsRequest {
  /** Of the model; its target is the column with the truth. */
  readonly signature: ModelSignature;
  /** The data set; absent: there are the held-out rows alone. */
  readonly data?: Table;
  /** Rows that the model's training held out. */
  readonly heldOut?: Table;
  /** How the model's training dealt out these data; absent where it learned from others. */
  readonly split?: SplitSettings | undefined;
  readonly seed: number;
  /** Rows that go through the model at once. */
  readonly batchRows: number;
}

/** Where rows come from: a split, and which part of it. */
interface Dealt {
  readonly rows: SplitTable;
  readonly part: Part;
  readonly told: string;
}

type Pair = Record<'judged' | 'samples', Dealt>;

/** Rows of a table as a model reads them. `BadSpecError` and `UnusableDataError` where the two do not fit. */
export async function tableRows(request: TableRowsRequest): Promise<RowSources> {
  const { signature, data, heldOut } = request;
  const table = data ?? heldOut;
  if (table === undefined) throw new Error('there is neither a data set nor held-out rows');
  const labelled = isLabelled(signature, table.columns);
  const { judged, samples } = await deal(request, table, labelled);
  const source = (dealt: Dealt): RowSource => sourceOf(dealt, request, labelled);
  return { judged: source(judged), samples: source(samples), labelled, notes: [] };
}

/** What the model learned from is what to calibrate on, and what it never saw is what to judge by. */
async function deal(request: TableRowsRequest, table: Table, labelled: boolean): Promise<Pair> {
  const { signature, data, heldOut, split, seed } = request;
  const { target } = signature;
  const task = signature.task === 'regression' ? 'regression' : 'classification';
  if (data !== undefined && split !== undefined && labelled && target !== undefined) {
    const fractions = { validationFraction: split.validation_fraction, testFraction: split.test_fraction };
    const parts = await splitTable(data, { target, task, seed: split.seed, ...fractions });
    const samples: Dealt = { rows: parts, part: 'train', told: 'rows that the model was trained on' };
    const tested = heldOut && (await unsplitTable(heldOut, { target, task }));
    if (tested !== undefined)
      return { samples, judged: { rows: tested, part: 'test', told: 'rows that the training held out' } };
    const part = (['test', 'validation'] as const).find((each) => parts.counts[each] > 0);
    if (part !== undefined)
      return { samples, judged: { rows: parts, part, told: `the training's ${part} rows` } };
  }
  const halves = await halveTable(table, { task, seed, target: labelled ? target : undefined });
  const told = data === undefined ? 'half of the rows that the training held out' : 'half of the data set';
  return {
    judged: { rows: halves, part: 'test', told },
    samples: { rows: halves, part: 'train', told: 'the other half' },
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
