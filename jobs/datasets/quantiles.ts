import { z } from 'zod';
import type { Session } from './session';

export interface QuantilesAsked {
  /** SQL of a DOUBLE. */
  value: string;
  relation: string;
  /** How many rows have a value. */
  present: number;
  fractions: readonly number[];
}

/**
 * Exact quantiles, interpolated between the two nearest values (Hyndman and Fan's type 7, as R and NumPy do). One sort that
 * spills to disk, so neither memory nor chance bounds it; DuckDB's `quantile_cont` keeps the whole column in memory.
 */
export async function readQuantiles(session: Session, asked: QuantilesAsked): Promise<number[]> {
  const places = asked.fractions.map((fraction) => (asked.present - 1) * fraction);
  const ranks = [...new Set(places.flatMap((place) => [Math.floor(place), Math.ceil(place)]))];
  const found = await session.rows(
    z.object({ rank: z.coerce.number(), value: z.number() }),
    `SELECT rank, value FROM (
       SELECT value, row_number() OVER (ORDER BY value) - 1 AS rank FROM (SELECT ${asked.value} AS value FROM ${asked.relation}) WHERE value IS NOT NULL
     ) WHERE rank IN (${ranks.join(', ')})`,
  );
  const values = new Map(found.map(({ rank, value }) => [rank, value]));
  return places.map((place) => {
    const low = values.get(Math.floor(place)) ?? Number.NaN;
    const high = values.get(Math.ceil(place)) ?? Number.NaN;
    return low + (high - low) * (place - Math.floor(place));
  });
}
