/** Which way a quality gets better. */
export type Better = 'higher' | 'lower';

interface Costly {
  readonly cost: number;
  readonly quality: { readonly value: number };
}

/** Those than which none costs less and is as good, the cheapest first: each next one costs more and is better. */
export function frontOf<T extends Costly>(points: readonly T[], better: Better): readonly T[] {
  const sign = better === 'higher' ? 1 : -1;
  const goodness = ({ quality }: T): number => sign * quality.value;
  const cheapestFirst = [...points].sort((a, b) => a.cost - b.cost || goodness(b) - goodness(a));
  const front: T[] = [];
  for (const point of cheapestFirst) {
    const best = front.at(-1);
    if (best === undefined || goodness(point) > goodness(best)) front.push(point);
  }
  return front;
}

/** From where on powers of ten tell more. */
const wide = 20;

/** Numbers that no linear axis would keep apart. */
export const isWide = (least: number, most: number): boolean => least > 0 && most / least > wide;

interface Spread {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** It is in the window whatever the others are. */
  readonly isAnchor: boolean;
}

/** How many times what the anchors and the limit span the window reaches to the worse side. */
const reach = 3;
const margin = 0.06;

/**
 * From where to where a quality is drawn: around what decides (the anchors and the limit), so that one candidate that
 * collapsed does not press all others into a line. The lower end first.
 */
export function qualityWindow(
  spreads: readonly Spread[],
  { better, limit }: { readonly better: Better; readonly limit?: { readonly value: number } },
): readonly [number, number] {
  const sign = better === 'higher' ? 1 : -1;
  const up = spreads.map(({ value, low, high, isAnchor }) => ({
    value: sign * value,
    ends: [sign * low, sign * high, sign * value].filter(Number.isFinite),
    isAnchor,
  }));
  const anchors = up.filter(({ isAnchor }) => isAnchor);
  const deciding = (anchors.length > 0 ? anchors : up).flatMap(({ ends }) => ends);
  if (limit !== undefined) deciding.push(sign * limit.value);
  const top = Math.max(...deciding, ...up.flatMap(({ ends }) => ends));
  const span = top - Math.min(...deciding) || Math.abs(top) || 1;
  const floor = top - reach * span;
  const bottom = Math.min(
    ...deciding,
    ...up.filter(({ value }) => value >= floor).flatMap(({ ends }) => ends),
  );
  const room = margin * (top - bottom || span);
  const [worst, best] = [sign * (bottom - room), sign * (top + room)];
  return sign > 0 ? [worst, best] : [best, worst];
}
