const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Beyond these, figures of four digits are written with a power of ten. */
const plain = { least: 1e-3, most: 1e7 } as const;

/** Whole numbers whole, others to four digits: `12,345`, `0.9300`, `2.5e-5`; what is no number, as a dash. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return grouped.format(value);
  if (size < plain.least || size >= plain.most) return value.toExponential(2).replace(/\.?0+e/, 'e');
  return size >= 1_000 ? grouped.format(value) : value.toPrecision(4);
}

/** A part of 1 as per cent with one decimal. */
export const formatShare = (share: number): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : '–';

/** A time as its two largest units: `4.2 s`, `12 min 3 s`, `5 h 40 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  return hours > 0 ? `${formatNumber(hours)} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}
