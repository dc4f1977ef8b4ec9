import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Where Debian's package of Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017) puts it. */
const folder = '/usr/share/datasets/fashion-mnist';

export const hasFashion = existsSync(folder);
export const withoutFashion = 'the Debian package dataset-fashion-mnist is not installed';

/** LeCun's IDX format: a head of four bytes and a size for each axis, then bytes. */
function readIdx(name: string): { sizes: number[]; bytes: Uint8Array } {
  const file = gunzipSync(readFileSync(join(folder, `${name}-ubyte.gz`)));
  const axes = file.readUInt8(3);
  const sizes = Array.from({ length: axes }, (_, axis) => file.readUInt32BE(4 + 4 * axis));
  return { sizes, bytes: file.subarray(4 + 4 * axes) };
}

/** The first images of a part, all where no number is given: 28 by 28 pixels from 0 to 255, and one of ten classes. */
export function fashionImages(part: 'train' | 't10k', most = Number.POSITIVE_INFINITY) {
  const { sizes, bytes } = readIdx(`${part}-images-idx3`);
  const labels = readIdx(`${part}-labels-idx1`).bytes;
  const [images = 0, height = 0, width = 0] = sizes;
  return Array.from({ length: Math.min(images, most) }, (_, index) => ({
    label: labels[index] ?? 0,
    pixels: Array.from(bytes.subarray(index * height * width, (index + 1) * height * width)),
  }));
}
