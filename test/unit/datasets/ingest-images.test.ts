import { isImages, scalarsOf } from '../../../jobs/datasets/column-values';
import { decodeImages } from '../../../jobs/datasets/decode-images';
import { openTable } from '../../../jobs/datasets/open-table';
import { readRows } from '../../../jobs/datasets/read-rows';
import { splitTable } from '../../../jobs/datasets/split-table';
import { writeRows } from '../../../jobs/datasets/write-rows';
import { imageOf, pngOf, renamed, type ZipEntry, zipOf } from '../../support/make-zip';
import { mnistDigits } from '../../support/mnist-digits';
import { ingestBytes, makeFolder, profileOf, rowsOf, tableOf } from './ingest-bytes';

const small = { width: 3, height: 2 };

async function setup(more: readonly ZipEntry[] = []) {
  const bytes = await pngOf(small);
  const files = ['cat/1.png', 'cat/2.png', 'dog/1.png'].map((path) => ({ path, bytes }));
  return { png: bytes, zip: await zipOf([...files, ...more]) };
}

describe('an archive of images', () => {
  it('is stored as the bytes that it holds, each with its class and its name', async () => {
    const { zip, png } = await setup();

    const { outcome, data } = await ingestBytes(zip);

    expect(outcome).toMatchObject({ type: 'ready', profile: { format: 'images', rows: 3, passed_over: 0 } });
    const rows = await rowsOf(data);
    expect(rows.map(([, label, file]) => [label, file])).toEqual([
      ['cat', 'cat/1.png'],
      ['cat', 'cat/2.png'],
      ['dog', 'dog/1.png'],
    ]);
    expect(rows.every(([image]) => image instanceof Uint8Array && png.equals(image))).toBe(true);
  });

  it('has a profile of what its images are', async () => {
    const wide = await imageOf({ width: 40, height: 20, channels: 3 }).jpeg().toBuffer();
    const webp = await imageOf({ width: 10, height: 30, channels: 3 }).webp().toBuffer();
    const { zip } = await setup([
      { path: 'dog/2.jpg', bytes: wide },
      { path: 'dog/3.JPEG', bytes: wide },
      { path: 'dog/4.webp', bytes: webp },
    ]);

    const { columns } = await profileOf(zip);

    expect(columns).toMatchObject([
      {
        name: 'image',
        type: 'image',
        missing: 0,
        distinct: 3,
        image: {
          width: { min: 3, max: 40, typical: 3 },
          height: { min: 2, max: 30, typical: 2 },
          channels: { min: 1, max: 3, typical: 1 },
          formats: [
            { value: 'png', count: 3 },
            { value: 'jpeg', count: 2 },
            { value: 'webp', count: 1 },
          ],
        },
      },
      { name: 'label', type: 'text', distinct: 2 },
      { name: 'file', type: 'text', distinct: 6 },
    ]);
  });

  it.each([
    { what: 'a common folder on top', path: 'data/cat/1.png', label: 'cat' },
    { what: 'folders of parts', path: 'train/dog/1.png', label: 'dog' },
    { what: 'names in other scripts', path: 'кошка/1.png', label: 'кошка' },
    { what: 'decomposed names', path: 'Ka\u0308se/1.png', label: 'K\u00e4se' },
    { what: 'blanks in names', path: 'a cat/a picture.png', label: 'a cat' },
  ])('takes the folder that holds the file for its class: $what', async ({ path, label }) => {
    const { png } = await setup();

    const { data } = await ingestBytes(await zipOf([{ path, bytes: png }]));

    expect((await rowsOf(data)).map((row) => row.slice(1))).toEqual([[label, path]]);
  });

  it('passes over what systems put in, and counts other files', async () => {
    const text = Buffer.from('hello');
    const hidden = ['__MACOSX/cat/._1.png', 'cat/.DS_Store', '.git/1.png', 'cat/._2.png'];
    const others = ['README.md', 'cat/notes.txt', 'cat/Thumbs.db', 'labels.csv'];
    const { zip } = await setup([...hidden, ...others].map((path) => ({ path, bytes: text })));

    const profile = await profileOf(zip);

    expect(profile).toMatchObject({ rows: 3, passed_over: 4 });
  });

  it.each([
    { what: 'ZIP64', zip: async (entries: ZipEntry[]) => zipOf(entries, { zip64: true }) },
    {
      what: 'deflated files',
      zip: async (entries: ZipEntry[]) => zipOf(entries.map((entry) => ({ ...entry, compress: true }))),
    },
    {
      what: 'paths that lead out of it',
      zip: async (entries: ZipEntry[]) =>
        renamed(await zipOf(entries), 'data/', '../..'.slice(0, 4).concat('/')),
    },
    {
      what: 'absolute paths',
      zip: async (entries: ZipEntry[]) => renamed(await zipOf(entries), 'data/', '/etc/'),
    },
    {
      what: 'backslashes',
      zip: async (entries: ZipEntry[]) => renamed(await zipOf(entries), 'data/cat/', 'data\\cat\\'),
    },
  ])('is read with $what', async ({ zip }) => {
    const { png } = await setup();

    const { data } = await ingestBytes(await zip([{ path: 'data/cat/1.png', bytes: png }]));

    expect((await rowsOf(data)).map((row) => row[1])).toEqual(['cat']);
  });

  it('reads names that are no UTF-8 as code page 437', async () => {
    const { png } = await setup();
    const zip = renamed(
      await zipOf([{ path: 'K_se/1.png', bytes: png }]),
      'K_se',
      Buffer.from([0x4b, 0x84, 0x73, 0x65]),
    );
    zip.writeUInt16LE(0, zip.indexOf('PK\u0001\u0002') + 8);

    const { data } = await ingestBytes(zip);

    expect((await rowsOf(data)).map((row) => row[1])).toEqual(['K\u00e4se']);
  });

  it('is read whole where it is more than one batch', async () => {
    const digits = mnistDigits(30);
    const entries = await Promise.all(
      digits.map(async ({ label, pixels }, index) => ({
        path: `digits/${label}/${index}.png`,
        bytes: await pngOf({ width: 28, height: 28, values: pixels }),
      })),
    );
    const many = Array.from({ length: 8 }, (_, copy) =>
      entries.map(({ path, bytes }) => ({ path: `${copy}/${path}`, bytes })),
    ).flat();

    const table = await tableOf(await zipOf(many));

    const split = await splitTable(table, {
      target: 'label',
      task: 'classification',
      validationFraction: 0.1,
      testFraction: 0.2,
      seed: 1,
    });
    let seen = 0;
    for await (const { rows, columns } of readRows(split, {
      part: 'test',
      columns: ['image', 'label', 'file'],
      chunkRows: 100,
      shuffle: { seed: 1, epoch: 0 },
    })) {
      const images = columns.image;
      if (images === undefined || !isImages(images)) throw new TypeError('no images');
      const pixels = await decodeImages(images.encoded, { height: 28, width: 28, channels: 1 });
      for (const [row, file] of scalarsOf(columns.file ?? []).entries()) {
        const digit = digits[Number(/(\d+)\.png$/.exec(String(file))?.[1])];
        expect([...pixels.subarray(row * 784, (row + 1) * 784)]).toEqual(digit?.pixels);
        expect(scalarsOf(columns.label ?? [])[row]).toBe(String(digit?.label));
      }
      seen += rows;
    }
    expect(seen).toBe(480);
    await table.close();
  });

  it('has images in the rows that are written of a part', async () => {
    const entries = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => ({
        path: `${index % 2}/${index}.png`,
        bytes: await pngOf({ width: 1 + (index % 7), height: 2 }),
      })),
    );
    const table = await tableOf(await zipOf(entries));
    const split = await splitTable(table, {
      target: 'label',
      task: 'classification',
      validationFraction: 0,
      testFraction: 0.3,
      seed: 5,
    });
    const path = `${await makeFolder()}/rows.parquet`;

    await writeRows(split, 'test', path);

    const rows = await rowsOf(path);
    expect(rows).toHaveLength(15);
    for (const [image, label, file] of rows) {
      const entry = entries.find((one) => one.path === file);
      expect(image instanceof Uint8Array && entry?.bytes.equals(image)).toBe(true);
      expect(label).toBe(entry?.path.split('/')[0]);
    }
    await table.close();
  });

  it('opens as a table whose image column is no plain one', async () => {
    const { zip } = await setup();
    const { data, folder } = await ingestBytes(zip);

    const table = await openTable({ data, scratch: folder });

    expect(table.columns).toEqual([
      { name: 'image', type: 'image' },
      { name: 'label', type: 'text' },
      { name: 'file', type: 'text' },
    ]);
    await table.close();
  });
});
