/** Means and deviations of values whose channels take turns, added up value by value in double precision. */
export interface ChannelMoments {
  add(values: ArrayLike<number>): void;
  result(): { readonly means: number[]; readonly deviations: number[] };
}

/** A channel that never varies is not scaled. */
const scaleOf = (variance: number, mean: number): number =>
  variance > (mean * 2 ** -20) ** 2 ? Math.sqrt(variance) : 1;

/** Not a number counts for nothing. */
export function channelMoments(channels: number): ChannelMoments {
  const [counts, sums, squares] = [0, 1, 2].map(() => new Float64Array(channels));
  if (!counts || !sums || !squares) throw new RangeError('three sums a channel');
  return {
    add(values) {
      for (let at = 0; at < values.length; at++) {
        const value = values[at] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        const channel = at % channels;
        counts[channel] = (counts[channel] ?? 0) + 1;
        sums[channel] = (sums[channel] ?? 0) + value;
        squares[channel] = (squares[channel] ?? 0) + value * value;
      }
    },
    result() {
      const means = Array.from(sums, (sum, channel) => sum / Math.max(1, counts[channel] ?? 0));
      const deviations = means.map((mean, channel) => {
        const meanSquare = (squares[channel] ?? 0) / Math.max(1, counts[channel] ?? 0);
        return scaleOf(Math.max(0, meanSquare - mean * mean), mean);
      });
      return { means, deviations };
    },
  };
}
