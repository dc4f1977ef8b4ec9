import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { BadSpecError, UnusableDataError } from '../../../shared/errors/job-errors';
import { isImages, isLists } from '../../datasets/column-values';
import { decodeImages, type ImageSize } from '../../datasets/decode-images';
import type { TableColumn } from '../../datasets/open-table';
import { rowNamed } from '../../datasets/read-rows';
import type { SplitTable } from '../../datasets/split-table';
import type { PixelStatistics } from '../layers/pixels';
import { channelMoments } from './channel-moments';
import { type ListFacts, listFacts } from './list-facts';
import { type SampledColumn, sampledChunks, sampledRows } from './sampled-rows';
import { type NamedImages, typicalSize } from './typical-size';

/** Images as a network reads them. */
export interface ImageSource {
  readonly size: ImageSize;
  readonly elementType: 'uint8' | 'float';
  readonly pixels: PixelStatistics;
}

export interface ImageRequest {
  readonly split: SplitTable;
  readonly column: TableColumn;
  /** As the spec asks for it. */
  readonly image: FamilySpec<'cnn'>['image'];
  readonly seed: number;
}

/** What a column of images, or of lists that are images row by row, is to a network. */
export const imageSource = (request: ImageRequest): Promise<ImageSource> =>
  request.column.type === 'image' ? fromFiles(request) : fromLists(request);

/** Means and deviations of more than these would differ by nothing that matters, and large images are slow to decode. */
const enoughPixels = 2 ** 26;

async function fromFiles({ split, column, image, seed }: ImageRequest): Promise<ImageSource> {
  const sampled = () => imagesOf({ split, name: column.name, seed });
  const size = image ?? (await typicalSize(sampled()));
  const moments = channelMoments(size.channels);
  let seen = 0;
  for await (const { encoded, named } of sampled()) {
    const pixels = await decodeImages(encoded, size, named);
    moments.add(pixels);
    seen += pixels.length;
    if (seen >= enoughPixels) break;
  }
  return { size, elementType: 'uint8', pixels: moments.result() };
}

async function* imagesOf(sampled: SampledColumn): AsyncIterable<NamedImages> {
  for await (const chunk of sampledChunks(sampled)) {
    const images = chunk.columns[sampled.name];
    if (images === undefined || !isImages(images)) continue;
    const named = (index: number) => `the image of '${sampled.name}' in ${rowNamed(chunk, index)}`;
    yield { encoded: images.encoded, named };
  }
}

async function fromLists({ split, column, image, seed }: ImageRequest): Promise<ImageSource> {
  const { name } = column;
  const facts = await listFacts(split, name, 'all');
  const size = image ?? squareOf(name, facts.longest);
  checkLists(name, facts, size);
  const moments = channelMoments(size.channels);
  for await (const values of sampledRows({ split, name, seed }))
    if (isLists(values)) moments.add(values.values);
  return { size, elementType: fitsBytes(facts) ? 'uint8' : 'float', pixels: moments.result() };
}

const fitsBytes = ({ whole, least, largest }: ListFacts): boolean => whole && least >= 0 && largest <= 255;

/** The square image of one channel, or else of three, that has so many numbers. */
function squareOf(name: string, length: number): ImageSize {
  for (const channels of [1, 3] as const) {
    const side = Math.sqrt(length / channels);
    if (Number.isInteger(side) && side >= 8) return { height: side, width: side, channels };
  }
  throw new BadSpecError(
    `the lists of '${name}' have ${length} numbers, which is no square image of 1 or 3 channels and at least 8 pixels a side; say its height, width and channels in model.image`,
    [{ pointer: '/model/image', detail: `is needed: the lists have ${length} numbers` }],
  );
}

function checkLists(
  name: string,
  { shortest, longest, hasMissingNumbers }: ListFacts,
  size: ImageSize,
): void {
  const { height, width, channels } = size;
  const wanted = height * width * channels;
  if (shortest !== wanted || longest !== wanted) {
    const found = shortest === longest ? `${longest}` : `from ${shortest} to ${longest}`;
    throw new BadSpecError(
      `the lists of '${name}' have ${found} numbers, and an image of ${height} x ${width} pixels and ${channels} channels has ${wanted}`,
      [{ pointer: '/model/image', detail: `must fit lists of ${found} numbers` }],
    );
  }
  if (hasMissingNumbers)
    throw new UnusableDataError(
      `the lists of '${name}' have missing numbers, and an image has a number for each pixel; give 0 for what is not known`,
      'missing_pixels',
    );
}
