import { isLong } from './long-values';
import { columnReference, type Table } from './open-table';
import { quoteIdentifier, quoteText } from './quote-sql';
import type { Part, SplitTable } from './split-table';

/** Writes the rows of a part as a Parquet file with the table's own names and types, so that later jobs test on exactly these. */
export async function writeRows(split: SplitTable, part: Part | 'all', path: string): Promise<void> {
  const { session, columns, rowsPerGroup } = split.table;
  const named = columns.map(({ name }, index) => `${columnReference(index)} AS ${quoteIdentifier(name)}`);
  const hasLong = columns.some(({ type }) => isLong(type));
  const rows = hasLong ? rowsFromTable(split.table, split.relation(part)) : split.relation(part);
  const options = `FORMAT parquet, COMPRESSION zstd${hasLong ? `, ROW_GROUP_SIZE ${Math.max(1, rowsPerGroup)}` : ''}`;
  const write = () =>
    session.run(`COPY (SELECT ${named.join(', ')} FROM ${rows}) TO ${quoteText(path)} (${options})`);
  await (hasLong ? session.withOneThread(write) : write());
}

/**
 * Lists and images are in no part's own relation: the table is read in its order and rows of other parts are left out. Not a
 * bare `IN`: that becomes a join which may turn round, hold the long values in memory and lose the order.
 */
function rowsFromTable({ columns, relationOf }: Table, part: string): string {
  const all = relationOf(columns.map((_, index) => columnReference(index)));
  return `(SELECT * FROM ${all} WHERE coalesce(row_number IN (SELECT row_number FROM ${part}), false))`;
}
