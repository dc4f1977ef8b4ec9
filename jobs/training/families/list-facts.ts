import { UnusableDataError } from '../../../shared/errors/job-errors';
import { isLists, type ListValues } from '../../datasets/column-values';
import { type RowChunk, readRows, rowNamed } from '../../datasets/read-rows';
import type { Part, SplitTable } from '../../datasets/split-table';

/** What the lists of a column have in common. */
export interface ListFacts {
  readonly shortest: number;
  readonly longest: number;
  readonly least: number;
  readonly largest: number;
  /** Every number is whole. */
  readonly whole: boolean;
  readonly hasMissingNumbers: boolean;
}

const chunkRows = 1024;

/** Of all lists of a part, or of all parts. `UnusableDataError` where a row has no list. */
export async function listFacts(split: SplitTable, name: string, part: Part | 'all'): Promise<ListFacts> {
  let facts: ListFacts | undefined;
  for await (const chunk of readRows(split, { part, columns: [name], chunkRows })) {
    const values = chunk.columns[name];
    if (values === undefined || !isLists(values))
      throw new UnusableDataError(`the column '${name}' holds no lists`);
    checkPresent(name, values, chunk);
    facts = joined(facts, factsOf(values));
  }
  if (facts === undefined) throw new UnusableDataError(`the column '${name}' has no rows`);
  return facts;
}

function checkPresent(name: string, { missing }: ListValues, chunk: RowChunk): void {
  const row = missing?.indexOf(1) ?? -1;
  if (row < 0) return;
  throw new UnusableDataError(
    `the column '${name}' has no list in ${rowNamed(chunk, row)}; leave such rows out`,
    'missing_list',
  );
}

function factsOf({ values, offsets }: ListValues): ListFacts {
  const facts = {
    least: Number.POSITIVE_INFINITY,
    largest: Number.NEGATIVE_INFINITY,
    whole: true,
    missing: false,
  };
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? Number.NaN;
    if (value < facts.least) facts.least = value;
    if (value > facts.largest) facts.largest = value;
    if (Number.isNaN(value)) facts.missing = true;
    else if (facts.whole && !Number.isInteger(value)) facts.whole = false;
  }
  const lengths = offsets.subarray(1).map((end, row) => end - (offsets[row] ?? 0));
  const { missing, ...numbers } = facts;
  return {
    ...numbers,
    hasMissingNumbers: missing,
    shortest: lengths.reduce((least, length) => Math.min(least, length), Number.POSITIVE_INFINITY),
    longest: lengths.reduce((most, length) => Math.max(most, length), 0),
  };
}

const joined = (a: ListFacts | undefined, b: ListFacts): ListFacts =>
  a === undefined
    ? b
    : {
        shortest: Math.min(a.shortest, b.shortest),
        longest: Math.max(a.longest, b.longest),
        least: Math.min(a.least, b.least),
        largest: Math.max(a.largest, b.largest),
        whole: a.whole && b.whole,
        hasMissingNumbers: a.hasMissingNumbers || b.hasMissingNumbers,
      };
