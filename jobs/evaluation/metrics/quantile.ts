/**
 * A quantile of values that rise, interpolated between the two nearest (Hyndman and Fan's type 7, as R and NumPy do); NaN
 * of none.
 */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  const place = (sorted.length - 1) * fraction;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** The middle of these values, or between the two middle ones; sorts them in place. */
export const medianOf = (values: Float64Array): number => quantile(values.sort(), 0.5);
