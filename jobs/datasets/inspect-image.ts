import { types } from 'node:util';
import { readImage } from './image-reader';

/** What an image is, as it is seen. */
export interface ImageFacts {
  format: string;
  width: number;
  height: number;
  /** 1: shades of grey; 3: colours. Transparency is no channel, for it becomes white. */
  channels: 1 | 3;
}

/** Formats that people have and that are not read, by their first bytes at an offset. */
const foreign: readonly { name: string; magic: string; at: number }[] = [
  { name: 'GIF', magic: 'GIF8', at: 0 },
  { name: 'BMP', magic: 'BM', at: 0 },
  { name: 'TIFF', magic: 'II*\0', at: 0 },
  { name: 'TIFF', magic: 'MM\0*', at: 0 },
  { name: 'HEIC or AVIF', magic: 'ftyp', at: 4 },
  { name: 'SVG', magic: '<svg', at: 0 },
  { name: 'SVG', magic: '<?xml', at: 0 },
];

const greys: ReadonlySet<string | undefined> = new Set(['b-w', 'grey16']);

/** Decodes all pixels of an image. The answer is what it is, or in words why it is none. */
export async function inspectImage(encoded: Uint8Array): Promise<ImageFacts | string> {
  try {
    const { format, autoOrient, space } = await readImage(encoded).metadata();
    await decodeWhole(encoded, autoOrient.width * autoOrient.height);
    return { format: format ?? '', ...autoOrient, channels: greys.has(space) ? 1 : 3 };
  } catch (error) {
    return whyNone(encoded, error);
  }
}

/** Pixels that are worth no thought about memory. */
const fewPixels = 1_000_000;

/** Of a large image one pixel is made, of all of them: it is decoded as a whole, strip by strip. */
async function decodeWhole(encoded: Uint8Array, pixels: number): Promise<void> {
  const one = { width: 1, height: 1, fit: 'fill', fastShrinkOnLoad: false } as const;
  const image = readImage(encoded);
  await (pixels > fewPixels ? image.resize(one) : image).raw().toBuffer();
}

function whyNone(encoded: Uint8Array, error: unknown): string {
  if (encoded.length === 0) return 'the file has no bytes';
  const text = Buffer.from(encoded.subarray(0, 16)).toString('latin1');
  const known = foreign.find(({ magic, at }) => text.startsWith(magic, at));
  if (known) return `the file is ${known.name}, whatever its name; convert it to PNG, JPEG or WebP`;
  const reason = types.isNativeError(error) ? error.message : String(error);
  if (reason.includes('unsupported image format'))
    return 'the file is no PNG, JPEG or WebP by its first bytes; replace it, or leave it out';
  return `it cannot be decoded: ${firstLine(reason)}; replace the file, or leave it out`;
}

/** libvips' own words, without the name of the part of it that says them. */
const firstLine = (reason: string): string =>
  (reason.split('\n')[0] ?? '')
    .replace(/^(?:Input buffer has corrupt header: )?(?:\w+: )?/, '')
    .toLowerCase();
