import type { CompressSpec } from '../../shared/contracts/kinds/compress';
import type { ModelSignature, SplitSettings } from '../../shared/contracts/model';
import { compressionViolations, judgedSignature } from '../../shared/datasets/check-compression';
import { isLanguageModel } from '../../shared/datasets/check-evaluation';
import { BadSpecError } from '../../shared/errors/job-errors';
import { elementCount } from '../../shared/onnx/element-types';
import type { Model } from '../../shared/onnx/ir';
import { shapeOf } from '../../shared/onnx/shapes';
import { nearestNames } from '../datasets/nearest-names';
import { openTable, type Table } from '../datasets/open-table';
import type { JobContext } from '../kinds/job-kind';
import { readText } from '../training/language-model/read-text';
import type { RowSources } from './row-source';
import { tableRows } from './table-rows';
import { textRows } from './text-rows';

export interface OpenRowsRequest {
  readonly spec: CompressSpec;
  readonly context: JobContext;
  readonly model: Model;
  readonly signature: ModelSignature;
}

/** Rows that go through a model at once: as in evaluations, since dynamic quantization looks at the whole batch. */
const batchRows = 256;
/** Rows of large inputs, such as images, go in smaller batches. */
const mostElements = 2 ** 22;

function rowsPerBatch({ graph }: Model, { inputs }: ModelSignature): number {
  if (graph.inputs.some((input) => shapeOf(input)?.[0] === 1)) return 1;
  const row = inputs.reduce(
    (sum, { shape }) => sum + elementCount(shape.map((size) => Math.max(1, size))),
    0,
  );
  return Math.max(1, Math.min(batchRows, Math.floor(mostElements / Math.max(1, row))));
}

/** Tokens that a language model reads at a time, where its file does not say. */
const usualContext = 64;

const isOwnData = ({ spec, context }: Pick<OpenRowsRequest, 'spec' | 'context'>): boolean =>
  spec.dataset === undefined || spec.dataset === context.model?.lineage.dataset;

/** How the model's training dealt out the job's data; undefined where it learned from others, or another column. */
export function splitOf({
  spec,
  context,
}: Pick<OpenRowsRequest, 'spec' | 'context'>): SplitSettings | undefined {
  const lineage = context.model?.lineage;
  const isOwn = isOwnData({ spec, context });
  const isTarget = spec.target === undefined || spec.target === context.model?.signature?.target;
  return isOwn && context.inputs.has('data') && isTarget ? lineage?.split : undefined;
}

/** The rows of the job's data as the model reads them, handed to the work; closed when it ends. */
export async function withRows<T>(
  request: OpenRowsRequest,
  work: (rows: RowSources) => Promise<T>,
): Promise<T> {
  const { context } = request;
  const { inputs, scratch, threads } = context;
  const tables: Table[] = [];
  const open = async (role: string): Promise<Table | undefined> => {
    if (!inputs.has(role)) return undefined;
    const table = await openTable({ data: await inputs.path(role), scratch, threads });
    tables.push(table);
    return table;
  };
  try {
    const data = await open('data');
    const heldOut = await open('test_rows');
    return await work(await sourcesOf(request, data, heldOut));
  } finally {
    for (const table of tables) await table.close();
  }
}

async function sourcesOf(
  { spec, context, model, signature }: OpenRowsRequest,
  data: Table | undefined,
  heldOut: Table | undefined,
): Promise<RowSources> {
  const table = data ?? heldOut;
  if (table === undefined)
    throw new BadSpecError('the model came without held-out rows, and no dataset is given; give one', [
      { pointer: '/spec/dataset', detail: 'is missing' },
    ]);
  const split = splitOf({ spec, context });
  const judged = judgedSignature(signature, spec.target);
  const given = { signature: judged, split, batchRows: rowsPerBatch(model, signature) };
  const [input] = signature.inputs;
  if (isLanguageModel(signature) && input?.tokens !== undefined) {
    const text = await readText(table, judged.target ?? '');
    return textRows({
      ...given,
      kind: input.tokens,
      text,
      context: Number(model.metadata.context ?? usualContext),
    });
  }
  refuseColumns(judged, table, spec);
  return tableRows({
    ...given,
    seed: spec.seed,
    ownData: data !== undefined && isOwnData({ spec, context }),
    ...(data ? { data } : {}),
    // another data set is judged on its own rows
    ...(heldOut && (split || data === undefined) ? { heldOut } : {}),
  });
}

function refuseColumns(signature: ModelSignature, { columns }: Table, spec: CompressSpec): void {
  const facts = columns.map(({ name, type }) => ({ name, type, empty: type === 'text' }));
  const errors = compressionViolations({ spec, signature, columns: facts, nearest: nearestNames });
  const [first] = errors;
  if (first !== undefined) throw new BadSpecError(`the data set does not fit: ${first.detail}`, errors);
}
