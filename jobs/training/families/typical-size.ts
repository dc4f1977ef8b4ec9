import { type ImageSize, undecodable } from '../../datasets/decode-images';
import { readImage } from '../../datasets/image-reader';

/** Larger images are scaled down to it: what ImageNet's networks read. */
const longestSide = 224;
const shortestSide = 8;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? shortestSide;

interface Sides {
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
}

/** Images of a data set, and what people know each as. */
export interface NamedImages {
  readonly encoded: readonly Uint8Array[];
  readonly named: (index: number) => string;
}

async function sidesOf(encoded: Uint8Array, name: string): Promise<Sides> {
  const { autoOrient, channels = 3 } = await readImage(encoded)
    .metadata()
    .catch((error: unknown) => {
      throw undecodable(name, encoded, error);
    });
  return { ...autoOrient, colour: channels >= 3 };
}

/**
 * The size that images are scaled to where a spec names none: the median of heights and of widths, so images of one size
 * stay as they are; at most 224 pixels a side, keeping the shape. In colour where one of them is.
 */
export async function typicalSize(batches: AsyncIterable<NamedImages>): Promise<ImageSize> {
  const sides: Sides[] = [];
  for await (const { encoded, named } of batches)
    sides.push(...(await Promise.all(encoded.map((image, index) => sidesOf(image, named(index))))));
  const height = median(sides.map((one) => one.height));
  const width = median(sides.map((one) => one.width));
  const scale = Math.min(1, longestSide / Math.max(height, width));
  const scaled = (side: number) => Math.max(shortestSide, Math.round(side * scale));
  return {
    height: scaled(height),
    width: scaled(width),
    channels: sides.some(({ colour }) => colour) ? 3 : 1,
  };
}
