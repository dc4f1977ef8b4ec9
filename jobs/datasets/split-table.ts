import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Task } from '../../shared/datasets/check-target';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import { type Allocation, allocateRows, type Fractions } from './allocate-rows';
import { isLong } from './long-values';
import { columnIndex, columnReference, type Table, type TableColumn } from './open-table';
import { quoteText } from './quote-sql';
import { rowKey } from './row-key';
import { requireUsableTarget } from './usable-target';

export type Part = 'train' | 'validation' | 'test';

/** A table whose rows have their parts, without those whose target is missing. */
export interface SplitTable {
  readonly table: Table;
  readonly target: TableColumn;
  readonly task: Task;
  readonly counts: Readonly<Record<Part | 'dropped', number>>;
  /** What FROM takes to read a part: `row_number` and `c0`, `c1`, … as in the table's own relation, and in its order. */
  readonly relation: (part: Part | 'all') => string;
}

export interface SplitOptions extends Fractions {
  target: string;
  task: Task;
  seed: number;
}

const parts: readonly Part[] = ['train', 'validation', 'test'];

/**
 * Deals the rows out by a seeded hash of their numbers, class by class for a classification: the same rows on every
 * machine and with any number of threads. Each part becomes a Parquet file in the session's folder, so that reading one
 * never scans the others.
 */
export async function splitTable(table: Table, options: SplitOptions): Promise<SplitTable> {
  checkFractions(options);
  const index = columnIndex(table, options.target, 'target');
  const target = table.columns[index] ?? { name: options.target, type: 'text' };
  const present = await requireUsableTarget(table, { index, target, task: options.task });
  const keyed = (relation: string) => keyedRows(relation, columnReference(index), options);
  const cuts = await cutsOf(table, keyed(table.relationOf([columnReference(index)])), options);
  const folder = await mkdtemp(join(table.session.folder, 'split-'));
  for (const part of parts) await writePart(table, { keyed: keyed(table.relation), cuts, part, folder });
  return {
    table,
    target,
    task: options.task,
    counts: { ...(await countRows(table, folder)), dropped: table.rows - present },
    relation: (part) => (part === 'all' ? allParts(folder) : partFile(folder, part)),
  };
}

/** A table that is one whole part, such as the held-out rows that `writeRows` wrote: read it as `all`; `test` is the same. */
export async function unsplitTable(
  table: Table,
  { target: name, task }: Pick<SplitOptions, 'target' | 'task'>,
): Promise<SplitTable> {
  const index = columnIndex(table, name, 'target');
  const target = table.columns[index] ?? { name, type: 'text' };
  const reference = columnReference(index);
  const { present } = await table.session.row(
    z.object({ present: z.coerce.number() }),
    `SELECT count(${reference}) AS present FROM ${table.relationOf([reference])}`,
  );
  const rowsWhere = (condition: string) => `(SELECT * FROM ${table.relation} WHERE ${condition})`;
  return {
    table,
    target,
    task,
    counts: { train: 0, validation: 0, test: present, dropped: table.rows - present },
    relation: (part) => rowsWhere(part === 'all' || part === 'test' ? `${reference} IS NOT NULL` : 'false'),
  };
}

function checkFractions({ validationFraction, testFraction }: Fractions): void {
  const sound = [validationFraction, testFraction].every((fraction) => fraction >= 0 && fraction < 1);
  if (sound && validationFraction + testFraction < 1) return;
  throw new BadSpecError(
    `validation_fraction ${validationFraction} and test_fraction ${testFraction} must each be at least 0, and their sum under 1`,
  );
}

/** The rows that have a target, each with its class (one class for all of a regression) and its key. */
function keyedRows(relation: string, reference: string, { task, seed }: SplitOptions): string {
  const stratum = task === 'classification' ? `CAST(${reference} AS VARCHAR)` : "''";
  return `(SELECT *, ${stratum} AS stratum, ${rowKey('row_number', seed)} AS row_key FROM ${relation} WHERE ${reference} IS NOT NULL)`;
}

/** SQL of the class's largest key in the test part and in the validation part; null where the part gets no row of it. */
async function cutsOf({ session, rows }: Table, keyed: string, fractions: SplitOptions): Promise<string> {
  const strata = await session.rows(
    z.object({ stratum: z.string(), rows: z.coerce.number() }),
    `SELECT stratum, count(*) AS rows FROM ${keyed} GROUP BY stratum ORDER BY stratum`,
  );
  const allocations = allocateRows(strata, fractions);
  checkParts(rows, allocations, fractions);
  const wanted = strata.map(({ stratum }, index) => {
    const { test = 0, validation = 0 } = allocations[index] ?? {};
    return `(${quoteText(stratum)}, ${test}, ${test + validation})`;
  });
  const ranked = `SELECT stratum, row_key, row_number() OVER (PARTITION BY stratum ORDER BY row_key) AS rank FROM ${keyed}`;
  const cuts = await session.rows(
    z.object({ stratum: z.string(), test_cut: z.string().nullable(), validation_cut: z.string().nullable() }),
    `SELECT stratum, max(row_key) FILTER (rank <= test_rank)::VARCHAR AS test_cut, max(row_key) FILTER (rank <= validation_rank)::VARCHAR AS validation_cut
     FROM (${ranked}) JOIN (VALUES ${wanted.join(', ')}) AS wanted(stratum, test_rank, validation_rank) USING (stratum)
     GROUP BY stratum ORDER BY stratum`,
  );
  const values = cuts.map(
    (cut) => `(${quoteText(cut.stratum)}, ${cut.test_cut}::UBIGINT, ${cut.validation_cut}::UBIGINT)`,
  );
  return `(VALUES ${values.join(', ')}) AS cuts(stratum, test_cut, validation_cut)`;
}

function checkParts(
  rows: number,
  allocations: readonly Allocation[],
  { validationFraction, testFraction }: Fractions,
): void {
  const total = (part: keyof Allocation) =>
    allocations.reduce((sum, allocation) => sum + allocation[part], 0);
  const empty = [
    { name: 'test', fraction: testFraction, got: total('test') },
    { name: 'validation', fraction: validationFraction, got: total('validation') },
  ].find(({ fraction, got }) => fraction > 0 && got === 0);
  if (!empty) return;
  throw new UnusableDataError(
    `${rows} rows are too few: a ${empty.name} fraction of ${empty.fraction} gives the ${empty.name} part no row; give more rows, or a larger fraction, or 0 to do without`,
    'too_few_rows',
  );
}

interface PartToWrite {
  keyed: string;
  cuts: string;
  part: Part;
  folder: string;
}

async function writePart(
  { session, columns }: Table,
  { keyed, cuts, part, folder }: PartToWrite,
): Promise<void> {
  const references = columns.flatMap(({ type }, index) => (isLong(type) ? [] : [columnReference(index)]));
  const isPart = `CASE WHEN row_key <= test_cut THEN 'test' WHEN row_key <= validation_cut THEN 'validation' ELSE 'train' END = '${part}'`;
  await session.run(
    `COPY (SELECT ${['row_number', ...references].join(', ')} FROM ${keyed} JOIN ${cuts} USING (stratum) WHERE ${isPart} ORDER BY row_number)
     TO ${quoteText(join(folder, `${part}.parquet`))} (FORMAT parquet)`,
  );
}

async function countRows({ session }: Table, folder: string): Promise<Record<Part, number>> {
  const counts = parts.map((part) => `(SELECT count(*) FROM ${partFile(folder, part)}) AS ${part}`);
  const count = z.coerce.number();
  return session.row(
    z.object({ train: count, validation: count, test: count }),
    `SELECT ${counts.join(', ')}`,
  );
}

const partFile = (folder: string, part: Part): string =>
  `read_parquet(${quoteText(join(folder, `${part}.parquet`))})`;

function allParts(folder: string): string {
  const files = parts.map((part) => quoteText(join(folder, `${part}.parquet`)));
  return `(SELECT * FROM read_parquet([${files.join(', ')}]) ORDER BY row_number)`;
}
