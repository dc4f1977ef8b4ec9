import { join } from 'node:path';
import { quoteText } from './quote-sql';
import type { LoadedColumn, Session } from './session';

/** Rows on their way into DuckDB, a batch at a time, each in a file of its own: memory holds one of them. */
export class BatchFiles {
  private readonly session: Session;
  private readonly paths: string[] = [];
  rows = 0;

  constructor(session: Session) {
    this.session = session;
  }

  /** Columns of one length, at least one row. */
  async add(columns: readonly LoadedColumn[]): Promise<void> {
    const path = join(this.session.folder, `batch-${this.paths.length}.parquet`);
    const rows = columns[0]?.values.length ?? 0;
    await this.session.load('batch', columns);
    await this.session.run(
      `COPY batch TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rows})`,
    );
    this.paths.push(path);
    this.rows += rows;
  }

  /** What FROM takes to read all rows, in the order in which they came. */
  get relation(): string {
    return `read_parquet([${this.paths.map(quoteText).join(', ')}])`;
  }
}
