import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { isImages, isLists, scalarsOf } from '../../../jobs/datasets/column-values';
import { decodeImages } from '../../../jobs/datasets/decode-images';
import type { Table } from '../../../jobs/datasets/open-table';
import { readRows } from '../../../jobs/datasets/read-rows';
import { unsplitTable } from '../../../jobs/datasets/split-table';
import { pngOf, zipOf } from '../../support/make-zip';
import { type Digit, mnistDigits } from '../../support/mnist-digits';
import { tableOf } from './ingest-bytes';

const size = { height: 28, width: 28, channels: 1 } as const;

async function zipOfDigits(digits: readonly Digit[]): Promise<Buffer> {
  const entries = digits.map(async ({ label, pixels }, index) => ({
    path: `images/${label}/${index}.png`,
    bytes: await pngOf({ ...size, values: pixels }),
  }));
  return zipOf(await Promise.all(entries));
}

const listsOfDigits = (digits: readonly Digit[]): string =>
  digits.map(({ label, pixels }) => JSON.stringify({ image: pixels, label: `class ${label}` })).join('\n');

/** What a table says of each row, and the numbers of its column `image`, as a network would read them. */
async function readAll(table: Table): Promise<{ labels: (string | number)[]; pixels: Uint8Array }> {
  const rows = await unsplitTable(table, { target: 'label', task: 'classification' });
  const labels: (string | number)[] = [];
  const pixels: Uint8Array[] = [];
  for await (const { columns } of readRows(rows, {
    part: 'all',
    columns: ['image', 'label'],
    chunkRows: 64,
  })) {
    labels.push(...scalarsOf(columns.label ?? []));
    const { image } = columns;
    if (image && isImages(image)) pixels.push(await decodeImages(image.encoded, size));
    else if (image && isLists(image)) pixels.push(Uint8Array.from(image.values));
  }
  await table.close();
  return { labels, pixels: Buffer.concat(pixels) };
}

const sources = [
  { what: 'handwritten digits', isThere: true, read: () => mnistDigits(25) },
  {
    what: `garments${existsSync('/usr/share/datasets/fashion-mnist') ? '' : ' (skipped: needs the Debian package dataset-fashion-mnist)'}`,
    isThere: existsSync('/usr/share/datasets/fashion-mnist'),
    read: () => garments(250),
  },
];

/** The first test images of Fashion-MNIST, in IDX files: after a head, a byte for each pixel and each label. */
function garments(most: number): Digit[] {
  const read = (name: string, head: number) =>
    gunzipSync(readFileSync(`/usr/share/datasets/fashion-mnist/t10k-${name}-ubyte.gz`)).subarray(head);
  const [pixels, labels] = [read('images-idx3', 16), read('labels-idx1', 8)];
  return Array.from({ length: most }, (_, index) => ({
    label: labels[index] ?? 0,
    pixels: [...pixels.subarray(index * 784, (index + 1) * 784)],
  }));
}

for (const { what, isThere, read } of sources) {
  (isThere ? describe : describe.skip)(`images and lists of real ${what}`, () => {
    it('are read as the same pixels and classes, those of the data', async () => {
      const given = read();

      const images = await readAll(await tableOf(await zipOfDigits(given)));
      const lists = await readAll(await tableOf(listsOfDigits(given)));

      expect(Buffer.compare(images.pixels, Buffer.from(given.flatMap(({ pixels }) => pixels)))).toBe(0);
      expect(Buffer.compare(lists.pixels, images.pixels)).toBe(0);
      expect(images.labels).toEqual(given.map(({ label }) => String(label)));
      expect(lists.labels).toEqual(given.map(({ label }) => `class ${label}`));
    });
  });
}
