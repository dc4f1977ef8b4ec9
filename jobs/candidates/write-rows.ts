import type { JobContext } from '../kinds/job-kind';
import { writeBatch } from './batch-folder';
import type { RowSource } from './row-source';

export interface WrittenRows {
  readonly folder: string;
  readonly rows: number;
}

interface Limits {
  readonly rows: number;
  readonly bytes: number;
}

/** Writes rows, up to the limits, where other processes of the job read them. */
export async function writeRows(
  source: RowSource,
  folder: string,
  { rows: mostRows, bytes: mostBytes }: Limits,
): Promise<WrittenRows> {
  let [rows, bytes, index] = [0, 0, 0];
  for await (const batch of source.read(mostRows)) {
    bytes += await writeBatch(folder, index++, batch);
    rows += batch.rows;
    if (bytes > mostBytes) break;
  }
  return { folder, rows };
}

/** Enough to tell a point of accuracy with certainty; more would take longer for every candidate. */
const mostJudged = 10_000;
const mostSamples = 100_000;

/** Of what the job may use, for the rows of each kind on disk and, where they are trained on, in memory. */
const memoryShare = 1 / 4;

/** How many rows of each kind there may be. */
export function rowLimits({
  memoryBytes,
}: Pick<JobContext, 'memoryBytes'>): Record<'judged' | 'samples', Limits> {
  const bytes = memoryBytes * memoryShare;
  return { judged: { rows: mostJudged, bytes }, samples: { rows: mostSamples, bytes } };
}
