import { z } from 'zod';
import type { PreparedColumn, Upload } from './prepared-source';
import { quoteText } from './quote-sql';
import type { Session } from './session';

const bytesPerNumber = 8;
/** DuckDB reads so many rows at once, or a row group where that has fewer. */
const rowsAtOnce = 2048;
/** Of one block of lists; some copies of it are made on the way. */
const mostBlockBytes = 128 * 1024 * 1024;

interface ListExtent {
  /** Of all values of a row, about. */
  rowBytes: number;
  /** Rows that are read at once. */
  blockRows: number;
}

/**
 * Makes room for the lists of a Parquet file before any is read, by what the file says of itself, and refuses those of which
 * a block takes too much. The answer is how many bytes a row has, about; 0 without lists.
 */
export async function makeRoomForLists(
  { session, path, issues }: Pick<Upload, 'session' | 'path' | 'issues'>,
  columns: readonly { name: string; reading: Pick<PreparedColumn, 'type'> }[],
): Promise<number> {
  const lists = columns.filter(({ reading }) => reading.type === 'numbers');
  const [first] = lists;
  if (!first) return 0;
  const { rowBytes, blockRows } = await extentOf(session, path);
  if (rowBytes * blockRows > mostBlockBytes)
    issues.add({ column: first.name, code: 'field_too_large', detail: tooLarge({ rowBytes, blockRows }) });
  else await session.fitTo({ columns, rows: blockRows, rowBytes });
  return rowBytes;
}

async function extentOf(session: Session, path: string): Promise<ListExtent> {
  const count = z.coerce.number();
  const { numbers, rows, most } = await session.row(
    z.object({ numbers: count, rows: count, most: count }),
    `SELECT sum(num_values) AS numbers, max(row_group_num_rows) AS most, (SELECT sum(num_rows) FROM parquet_file_metadata(${quoteText(path)})) AS rows FROM parquet_metadata(${quoteText(path)})`,
  );
  return { rowBytes: (numbers * bytesPerNumber) / rows, blockRows: Math.min(rowsAtOnce, most) };
}

function tooLarge({ rowBytes, blockRows }: ListExtent): string {
  const allowed = Math.max(1, Math.floor(mostBlockBytes / rowBytes));
  return `the lists of a row have ${Math.round(rowBytes / bytesPerNumber)} numbers, and ${blockRows} rows of them are read at once; write row groups of at most ${allowed} rows (row_group_size in PyArrow)`;
}
