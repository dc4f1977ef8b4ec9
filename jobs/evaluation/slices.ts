import { z } from 'zod';
import { columnIndex, columnReference } from '../datasets/open-table';
import { readQuantiles } from '../datasets/quantiles';
import type { SplitTable } from '../datasets/split-table';
import { readTopValues } from '../datasets/top-values';
import type { Slicer } from './predict-rows';

/** One part of the rows, by a column. */
interface SliceName {
  /** As it is shown: a value, a range, or what stands for a missing one. */
  readonly value: string;
  /** Of a range: more than `above`, and at most `up_to`. */
  readonly above?: number;
  readonly up_to?: number;
}

/** Values of a column that have no slice of their own, for there are too many. */
export interface LeftOut {
  readonly column: string;
  /** How many values, about. */
  readonly values: number;
  readonly rows: number;
  /** The most frequent of them. */
  readonly named: readonly string[];
}

/** How a column parts the rows. */
export interface SlicePlan {
  readonly slicer: Slicer;
  /** By index. */
  readonly names: readonly SliceName[];
  readonly leftOut?: LeftOut;
}

/** More values of a text than that are told of, and not measured one by one. */
const mostValues = 20;
const mostNamed = 10;
/** Longer texts are nobody's name for a group; in bytes. */
const longestValue = 1_000;
/** Numbers with more values than `mostValues` are sliced in quarters. */
const cuts = [0.25, 0.5, 0.75];

const missing: SliceName = { value: '(missing)' };

/** What the rows of a column are told apart by: each value, or four ranges of as many rows where numbers are many. */
export async function planSlices(rows: SplitTable, column: string): Promise<SlicePlan> {
  const index = columnIndex(rows.table, column, 'slice column');
  const { type = 'text' } = rows.table.columns[index] ?? {};
  const asked = {
    rows,
    column,
    reference: columnReference(index),
    facts: await factsOf(rows, columnReference(index)),
  };
  if (type === 'text') return textSlices(asked);
  if (type === 'boolean') return booleanSlices(asked);
  return asked.facts.distinct <= mostValues ? numberSlices(asked) : rangeSlices(asked);
}

interface Asked {
  readonly rows: SplitTable;
  readonly column: string;
  readonly reference: string;
  readonly facts: { readonly present: number; readonly distinct: number };
}

/** Values that are counted one by one. */
const mostExact = 10_000;
const counted = z.coerce.number();

/** How many rows have a value, and how many values there are: exact while they are few. */
async function factsOf({ table, relation }: SplitTable, reference: string): Promise<Asked['facts']> {
  const facts = await table.session.row(
    z.object({ present: counted, distinct: counted }),
    `SELECT count(${reference}) AS present, approx_count_distinct(${reference}) AS distinct FROM ${relation('all')}`,
  );
  if (facts.distinct > mostExact) return facts;
  const { distinct } = await table.session.row(
    z.object({ distinct: counted }),
    `SELECT count(DISTINCT ${reference}) AS distinct FROM ${relation('all')}`,
  );
  return { ...facts, distinct };
}

async function textSlices({ rows, column, reference, facts }: Asked): Promise<SlicePlan> {
  const { session } = rows.table;
  const top = await readTopValues(session, {
    reference,
    relation: rows.relation('all'),
    distinct: facts.distinct,
    most: mostValues + mostNamed,
    longest: longestValue,
  });
  const kept = top.slice(0, mostValues);
  const indexOf = new Map(kept.map(({ value }, index) => [value, index]));
  const leftRows = facts.present - kept.reduce((sum, { count }) => sum + count, 0);
  return {
    slicer: { column, sliceOf: (value) => indexOf.get(String(value)) ?? (value === '' ? kept.length : -1) },
    names: [...kept.map(({ value }) => ({ value })), missing],
    ...(leftRows > 0
      ? {
          leftOut: {
            column,
            values: Math.max(1, facts.distinct - kept.length),
            rows: leftRows,
            named: top.slice(mostValues).map(({ value }) => value),
          },
        }
      : {}),
  };
}

/** As numbers where it is a feature, as text where it is the target. */
const booleanSlices = ({ column }: Asked): SlicePlan => ({
  slicer: { column, sliceOf: (value) => booleanPlaces.get(value) ?? 2 },
  names: [{ value: 'false' }, { value: 'true' }, missing],
});
const booleanPlaces = new Map<string | number, number>([
  [0, 0],
  [1, 1],
  ['false', 0],
  ['true', 1],
]);

/** A missing value is NaN, or '' where the numbers are labels. */
const numberOf = (value: string | number): number => (value === '' ? Number.NaN : Math.fround(Number(value)));

async function numberSlices({ rows, column, reference }: Asked): Promise<SlicePlan> {
  const found = await rows.table.session.rows(
    z.object({ value: z.number() }),
    `SELECT DISTINCT ${reference}::DOUBLE AS value FROM ${rows.relation('all')} WHERE ${reference} IS NOT NULL ORDER BY value`,
  );
  const indexOf = new Map(found.map(({ value }, index) => [Math.fround(value), index]));
  return {
    slicer: { column, sliceOf: (value) => indexOf.get(numberOf(value)) ?? found.length },
    names: [...found.map(({ value }) => ({ value: String(value) })), missing],
  };
}

/** Of as many rows each, where ties allow; a range ends where the next begins. */
async function rangeSlices({ rows, column, reference, facts }: Asked): Promise<SlicePlan> {
  const quantiles = await readQuantiles(rows.table.session, {
    value: `${reference}::DOUBLE`,
    relation: rows.relation('all'),
    present: facts.present,
    fractions: cuts,
  });
  const edges = [...new Set(quantiles.map(Math.fround))];
  const sliceOf = (value: string | number) => {
    const number = numberOf(value);
    if (Number.isNaN(number)) return edges.length + 1;
    const place = edges.findIndex((edge) => number <= edge);
    return place < 0 ? edges.length : place;
  };
  return { slicer: { column, sliceOf }, names: [...rangesBetween(edges), missing] };
}

function rangesBetween(edges: readonly number[]): SliceName[] {
  const shown = (edge: number) => String(Number(edge.toPrecision(6)));
  return [...edges, Number.POSITIVE_INFINITY].map((upTo, index) => {
    const above = edges[index - 1];
    if (above === undefined) return { value: `at most ${shown(upTo)}`, up_to: upTo };
    if (upTo === Number.POSITIVE_INFINITY) return { value: `more than ${shown(above)}`, above };
    return { value: `more than ${shown(above)}, at most ${shown(upTo)}`, above, up_to: upTo };
  });
}
