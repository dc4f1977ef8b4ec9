import { z } from 'zod';
import type { Session } from './session';

export interface MomentsAsked {
  /** SQL of a DOUBLE. */
  value: string;
  relation: string;
  /** The largest distance from zero of any value. */
  extreme: number;
}

export interface Moments {
  mean: number;
  /** Of the population: divides by n. */
  standardDeviation: number;
}

/** Past this, squares leave the range of a double; a power of two as scale loses no bit. */
const large = 1e100;
const scaleOfLarge = 2 ** -700;

/** Repeats bit for bit on a session of one thread only. */
export async function readMoments(
  session: Session,
  { value, relation, extreme }: MomentsAsked,
): Promise<Moments> {
  const scale = extreme > large ? scaleOfLarge : 1;
  const { mean, deviation } = await session.row(
    z.object({ mean: z.number(), deviation: z.number() }),
    `SELECT avg(${value} * ${scale}::DOUBLE) AS mean, stddev_pop(${value} * ${scale}::DOUBLE) AS deviation FROM ${relation}`,
  );
  return { mean: mean / scale, standardDeviation: deviation / scale };
}
