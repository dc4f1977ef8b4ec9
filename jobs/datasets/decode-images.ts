import { types } from 'node:util';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { eachInFlight } from './each-in-flight';
import { imagesInFlight, readImage } from './image-reader';

export interface ImageSize {
  readonly height: number;
  readonly width: number;
  /** 1: luminance; 3: red, green, blue. */
  readonly channels: 1 | 3;
}

const colours = 3;

/**
 * Images as pixels, `[images, height, width, channels]`, row-major. Each is scaled to the size as a whole, as Keras'
 * `image_dataset_from_directory` does: cropping, as torchvision's `CenterCrop`, would lose what stands at the edge, and padding
 * would teach the padding. Scaling down is bilinear over all pixels that fall into one (torchvision's `antialias`), scaling up
 * is bilinear with the first pixel kept in its corner. Luminance is ITU-R BT.601, as Pillow's mode `L`. The same bytes give
 * the same pixels. `UnusableDataError` where one cannot be decoded, with what it is `named`.
 */
export async function decodeImages(
  encoded: readonly Uint8Array[],
  size: ImageSize,
  named: (index: number) => string = (index) => `image ${index + 1}`,
): Promise<Uint8Array> {
  const length = size.height * size.width * size.channels;
  const pixels = new Uint8Array(encoded.length * length);
  await eachInFlight(encoded, imagesInFlight, async (bytes, index) => {
    const decoded = await decode(bytes, size).catch((error: unknown) => {
      throw undecodable(named(index), bytes, error);
    });
    pixels.set(size.channels === 1 ? luminance(decoded) : decoded, index * length);
  });
  return pixels;
}

/** JPEG's own way to decode at an eighth of the size saves little, and blurs what other formats keep. */
const scaling = { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false } as const;

const decode = (bytes: Uint8Array, { height, width }: ImageSize): Promise<Uint8Array> =>
  readImage(bytes)
    .resize({ ...scaling, width, height })
    .raw()
    .toBuffer();

/** What is thrown of an image that cannot be decoded, by what people know it as. */
export function undecodable(name: string, { length }: Uint8Array, error: unknown): UnusableDataError {
  const reason = types.isNativeError(error) ? error.message : String(error);
  return new UnusableDataError(`${name} of ${length} bytes cannot be decoded: ${reason}`, 'invalid_image');
}

/** Pillow's fixed-point weights of red, green and blue, of 65,536; the last term rounds. */
function luminance(pixels: Uint8Array): Uint8Array {
  const grey = new Uint8Array(pixels.length / colours);
  for (let at = 0; at < grey.length; at++) {
    const red = pixels[at * colours] ?? 0;
    const green = pixels[at * colours + 1] ?? 0;
    const blue = pixels[at * colours + 2] ?? 0;
    grey[at] = (red * 19_595 + green * 38_470 + blue * 7_471 + 0x8000) >> 16;
  }
  return grey;
}
