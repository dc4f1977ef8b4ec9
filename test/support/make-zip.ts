import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { ZipFile } from 'yazl';

export interface ZipEntry {
  path: string;
  bytes: Uint8Array;
  /** Deflated; stored where absent, as images are packed already. */
  compress?: boolean;
}

/** A ZIP archive of these files, in this order. */
export async function zipOf(
  entries: readonly ZipEntry[],
  options: { zip64?: boolean } = {},
): Promise<Buffer> {
  const zip = new ZipFile();
  const forceZip64Format = options.zip64 === true;
  const mtime = new Date(0);
  for (const { path, bytes, compress = false } of entries)
    zip.addBuffer(Buffer.from(bytes), path, { compress, forceZip64Format, mtime });
  zip.end({ forceZip64Format, comment: '' });
  return buffer(zip.outputStream);
}

/** The same bytes with a name in them replaced by one of its length, in every place: for names that no packer would write. */
export function renamed(zip: Buffer, from: string | Buffer, to: string | Buffer): Buffer {
  const [before, after] = [Buffer.from(from), Buffer.from(to)];
  if (before.length !== after.length) throw new RangeError('names of one length are needed');
  const copy = Buffer.from(zip);
  for (let at = copy.indexOf(before); at >= 0; at = copy.indexOf(before, at + 1)) after.copy(copy, at);
  return copy;
}

export interface Pixels {
  width: number;
  height: number;
  /** Grey values or red, green and blue, row by row; shades of grey that rise where absent. */
  values?: readonly number[];
  channels?: 1 | 3 | 4;
}

/** An image to be written as a file of some format. */
export function imageOf({ width, height, values, channels = 1 }: Pixels) {
  const size = width * height * channels;
  const raw = Uint8Array.from({ length: size }, (_, at) => values?.[at] ?? Math.round((255 * at) / size));
  const image = sharp(raw, { raw: { width, height, channels } });
  return channels === 1 ? image.toColourspace('b-w') : image;
}

export const pngOf = (pixels: Pixels): Promise<Buffer> => imageOf(pixels).png().toBuffer();
