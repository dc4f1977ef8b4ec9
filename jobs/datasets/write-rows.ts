import { columnReference } from './open-table';
import { quoteIdentifier, quoteText } from './quote-sql';
import type { Part, SplitTable } from './split-table';

/** Writes the rows of a part as a Parquet file with the table's own names and types, so that later jobs test on exactly these. */
export async function writeRows(split: SplitTable, part: Part | 'all', path: string): Promise<void> {
  const columns = split.table.columns.map(
    ({ name }, index) => `${columnReference(index)} AS ${quoteIdentifier(name)}`,
  );
  await split.table.session.run(
    `COPY (SELECT ${columns.join(', ')} FROM ${split.relation(part)}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
}
