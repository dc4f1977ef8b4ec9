import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { FieldValues, SearchDimension, SearchSpec, TuneSpec } from '../../shared/contracts/kinds/tune';
import { BadSpecError } from '../../shared/errors/job-errors';

type FieldValue = FieldValues[string];
type Range = Exclude<SearchDimension, { choices: unknown }>;

/** More trials than anybody means to pay for. */
const mostTrials = 1000;

/** The value at this part of the way from least to most; of whole numbers each has an equal part. */
function valueAt({ min, max, scale, integer }: Range, part: number): number {
  const [low, high] = integer ? [min - 0.5, max + 0.5] : [min, max];
  const isLog = scale === 'log' && low > 0;
  const value = isLog ? low * (high / low) ** part : low + (high - low) * part;
  const held = Math.min(max, Math.max(min, integer ? Math.round(value) : value));
  return integer ? held : Number(held.toPrecision(6));
}

const drawnFrom = (dimension: SearchDimension, part: number): FieldValue =>
  'choices' in dimension
    ? (dimension.choices[Math.floor(part * dimension.choices.length)] ?? null)
    : valueAt(dimension, part);

function pointsOf(dimension: SearchDimension, count: number): FieldValue[] {
  if ('choices' in dimension) return dimension.choices;
  const { min, max, scale } = dimension;
  const points = Array.from({ length: count }, (_, index) => {
    const part = count === 1 ? 0.5 : index / (count - 1);
    const value = scale === 'log' ? min * (max / min) ** part : min + (max - min) * part;
    return dimension.integer ? Math.round(value) : Number(value.toPrecision(6));
  });
  return [...new Set(points)];
}

type Space = TuneSpec['space'];

function* combinations(space: Space, points: number): Iterable<FieldValues> {
  const axes = Object.entries(space).map(([name, dimension]) => [name, pointsOf(dimension, points)] as const);
  const count = axes.reduce((product, [, values]) => product * values.length, 1);
  if (count > mostTrials)
    throw new BadSpecError(
      `a grid of ${count} combinations was asked for, and ${mostTrials} are allowed; take fewer points or fields, or search at random`,
    );
  for (let place = 0; place < count; place++) {
    let rest = place;
    const values: Record<string, FieldValue> = {};
    for (const [name, all] of axes) {
      values[name] = all[rest % all.length] ?? null;
      rest = Math.floor(rest / all.length);
    }
    yield values;
  }
}

function* draws({ space, seed, fits }: Settings, trials: number): Iterable<FieldValues> {
  const generator = xoroshiro128plus(seed | 0);
  const seen = new Set<string>();
  // a space of few choices may have fewer trials than asked for
  for (let tries = 0; seen.size < trials && tries < 100 * trials; tries++) {
    const values = Object.fromEntries(
      Object.entries(space).map(([name, dimension]) => [
        name,
        drawnFrom(dimension, uniformFloat64(generator)),
      ]),
    );
    const key = JSON.stringify(values);
    if (seen.has(key) || !fits(values)) continue;
    seen.add(key);
    yield values;
  }
}

export interface Settings {
  readonly space: Space;
  readonly seed: number;
  /** False for settings that cannot go together. */
  readonly fits: (values: FieldValues) => boolean;
}

/** The settings of every trial, no two the same: the same for the same spec and seed. `BadSpecError` beyond 1000. */
export const trialValues = (settings: Settings, search: SearchSpec): FieldValues[] =>
  search.method === 'grid'
    ? [...combinations(settings.space, search.points)].filter(settings.fits)
    : [...draws(settings, search.trials)];
