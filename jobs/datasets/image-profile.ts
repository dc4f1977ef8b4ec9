import type { DatasetColumn } from '../../shared/contracts/dataset';
import type { ImageFacts } from './inspect-image';

type ImageProfile = NonNullable<DatasetColumn['image']>;

/** Counts what images are, in memory that does not grow with their number. */
export class ImageCounts {
  private readonly widths = new Map<number, number>();
  private readonly heights = new Map<number, number>();
  private readonly channels = new Map<number, number>();
  private readonly formats = new Map<string, number>();

  add({ width, height, channels, format }: ImageFacts): void {
    count(this.widths, width);
    count(this.heights, height);
    count(this.channels, channels);
    count(this.formats, format);
  }

  profile(): ImageProfile {
    const formats = Array.from(this.formats, ([value, times]) => ({ value, count: times }));
    return {
      width: measure(this.widths),
      height: measure(this.heights),
      channels: measure(this.channels),
      formats: formats.toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)),
    };
  }
}

function count<T>(counts: Map<T, number>, value: T): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

/** The lower median, so that it is one of the values. */
function measure(counts: ReadonlyMap<number, number>): ImageProfile['width'] {
  const sorted = [...counts].toSorted(([a], [b]) => a - b);
  const half = sorted.reduce((sum, [, times]) => sum + times, 0) / 2;
  let below = 0;
  const median = sorted.find(([, times]) => {
    below += times;
    return below >= half;
  });
  return { min: sorted[0]?.[0] ?? 0, max: sorted.at(-1)?.[0] ?? 0, typical: median?.[0] ?? 0 };
}
