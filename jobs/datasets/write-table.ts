import type { PreparedSource } from './prepared-source';
import { quoteIdentifier, quoteText } from './quote-sql';
import type { Session } from './session';

const largestRowGroup = 122_880;
const rowGroupBytes = 32 * 1024 * 1024;
const bytesPerValue = 8;

/** Writes the typed rows as Parquet, in the order of the file; the same source gives the same bytes. */
export async function writeTable(
  session: Session,
  source: PreparedSource,
  target: { path: string; sourceBytes: number },
): Promise<void> {
  const columns = source.columns.map(({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`);
  const write = () =>
    session.run(
      `COPY (SELECT ${columns.join(', ')} FROM ${source.relation}) TO ${quoteText(target.path)}
       (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupSize(source, target.sourceBytes)})`,
    );
  // Every thread holds a block of rows, and one of images is long.
  const hasImages = source.columns.some(({ type }) => type === 'image');
  await (hasImages ? session.withOneThread(write) : write());
}

/** Every thread holds a row group in memory: wide rows, and long ones, make it smaller. */
function rowGroupSize({ rows, columns, rowBytes = 0 }: PreparedSource, sourceBytes: number): number {
  const bytesPerRow = Math.max(sourceBytes / Math.max(1, rows), columns.length * bytesPerValue, rowBytes);
  return Math.max(1, Math.min(largestRowGroup, Math.floor(rowGroupBytes / bytesPerRow)));
}
