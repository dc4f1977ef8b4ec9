import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ingestFile } from '../../jobs/datasets/ingest-file';

export type Row = Record<string, string | number | boolean | null | readonly number[]>;

/** Palmer penguins (Gorman, Williams and Fraser, 2014) as vega-datasets has them: 344 rows, mixed types, missing values. */
export const penguins = (): Row[] =>
  JSON.parse(readFileSync(join(process.cwd(), 'node_modules/vega-datasets/data/penguins.json'), 'utf8'));

/** Rows as a data set that was ingested: the path of its Parquet file. */
export async function ingestRows(rows: readonly Row[], folder: string, name = 'data'): Promise<string> {
  const source = join(folder, `${name}.jsonl`);
  await writeFile(source, rows.map((row) => JSON.stringify(row)).join('\n'));
  return ingestSource(source, folder, name);
}

/** Any file that a caller could upload, ingested. */
export async function ingestSource(source: string, folder: string, name = 'data'): Promise<string> {
  const data = join(folder, `${name}.parquet`);
  const { signal } = new AbortController();
  const outcome = await ingestFile({ source, data, scratch: folder, signal, onProgress: () => undefined });
  if (outcome.type === 'ready') return data;
  throw new Error(`the test's data were refused: ${JSON.stringify(outcome.errors)}`);
}
