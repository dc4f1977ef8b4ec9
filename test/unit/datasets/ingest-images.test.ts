import sharp from 'sharp';
import { isImages, scalarsOf } from '../../../jobs/datasets/column-values';
import { decodeImages } from '../../../jobs/datasets/decode-images';
import type { IngestOptions } from '../../../jobs/datasets/ingest-file';
import { openTable } from '../../../jobs/datasets/open-table';
import { readRows } from '../../../jobs/datasets/read-rows';
import { splitTable } from '../../../jobs/datasets/split-table';
import { writeRows } from '../../../jobs/datasets/write-rows';
import { InterruptedError } from '../../../shared/errors/job-errors';
import { imageOf, pngOf, renamed, type ZipEntry, zipOf } from '../../support/make-zip';
import { mnistDigits } from '../../support/mnist-digits';
import { errorsOf, ingestBytes, makeFolder, profileOf, rowsOf, tableOf } from './ingest-bytes';

const small = { width: 3, height: 2 };

async function setup(more: readonly ZipEntry[] = []) {
  const bytes = await pngOf(small);
  const files = ['cat/1.png', 'cat/2.png', 'dog/1.png'].map((path) => ({ path, bytes }));
  return { png: bytes, zip: await zipOf([...files, ...more]) };
}

const placesOf = async (zip: Buffer, options: Partial<IngestOptions> = {}) =>
  (await errorsOf(zip, options)).map(({ detail, ...place }) => place);

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

  it.each([
    {
      what: 'images in no folder, and goes on',
      entries: [{ path: '1.png' }, { path: 'cat/2.png' }, { path: '3.png' }],
      errors: [
        { file: '1.png', code: 'unlabelled_image' },
        { file: '3.png', code: 'unlabelled_image' },
      ],
    },
    {
      what: 'a name that is there twice',
      entries: [{ path: 'cat/1.png' }, { path: 'cat/1.png' }],
      errors: [{ file: 'cat/1.png', code: 'duplicate_file' }],
    },
    {
      what: 'images of other formats, by their names',
      entries: [{ path: 'cat/1.png' }, { path: 'cat/2.gif' }, { path: 'cat/3.heic' }],
      errors: [
        { file: 'cat/2.gif', code: 'invalid_image' },
        { file: 'cat/3.heic', code: 'invalid_image' },
      ],
    },
    {
      what: 'each image that does not decode',
      entries: [
        { path: 'cat/1.png' },
        { path: 'cat/2.png', bytes: Buffer.from('not an image') },
        { path: 'dog/3.jpg', bytes: Buffer.alloc(0) },
        { path: 'dog/4.png', bytes: Buffer.from('GIF89a...') },
      ],
      errors: [
        { file: 'cat/2.png', code: 'invalid_image' },
        { file: 'dog/3.jpg', code: 'invalid_image' },
        { file: 'dog/4.png', code: 'invalid_image' },
      ],
    },
    { what: 'no image at all', entries: [{ path: 'cat/notes.txt' }], errors: [{ code: 'no_rows' }] },
    { what: 'no files', entries: [], errors: [{ code: 'no_rows' }] },
  ])('refuses $what', async ({ entries, errors }) => {
    const { png } = await setup();
    const zip = await zipOf(entries.map((entry) => ({ bytes: png, ...entry })));

    expect(await placesOf(zip, { format: 'images' })).toEqual(errors);
  });

  it.each([
    { what: 'PNG', bytes: async () => pngOf({ width: 60, height: 60 }), path: 'cat/x.png' },
    {
      what: 'JPEG',
      bytes: async () => imageOf({ width: 60, height: 60 }).jpeg().toBuffer(),
      path: 'cat/x.jpg',
    },
    {
      what: 'WebP',
      bytes: async () => imageOf({ width: 60, height: 60 }).webp().toBuffer(),
      path: 'cat/x.webp',
    },
  ])('refuses a $what that is cut off, and names it', async ({ bytes, path }) => {
    const whole = await bytes();
    const { zip } = await setup([{ path, bytes: whole.subarray(0, whole.length * 0.6) }]);

    const [error, ...more] = await errorsOf(zip);

    expect(more).toEqual([]);
    expect(error).toMatchObject({
      file: path,
      code: 'invalid_image',
      detail: expect.stringMatching(/cannot be decoded: .+; replace/),
    });
  });

  it('refuses an image of more pixels than are allowed without decoding it', async () => {
    const create = { width: 8_000, height: 7_000, channels: 3 as const, background: '#fff' };
    const large = await sharp({ create }).png().toBuffer();
    const { zip } = await setup([{ path: 'cat/large.png', bytes: large }]);

    const [error] = await errorsOf(zip);

    expect(error).toMatchObject({ file: 'cat/large.png', detail: expect.stringMatching(/pixel limit/) });
  });

  it.each([
    { what: 'is cut off', spoil: (zip: Buffer) => zip.subarray(0, zip.length - 30), code: 'invalid_archive' },
    {
      what: 'has bytes that were changed',
      spoil: (zip: Buffer) => {
        const spoilt = Buffer.from(zip);
        spoilt[60] = 255 - (spoilt[60] ?? 0);
        return spoilt;
      },
      code: 'invalid_archive',
    },
    {
      what: 'is encrypted',
      spoil: (zip: Buffer) => {
        const spoilt = Buffer.from(zip);
        spoilt.writeUInt16LE(1, spoilt.indexOf('PK\u0001\u0002') + 8);
        return spoilt;
      },
      code: 'invalid_archive',
    },
    {
      what: 'is packed by a method that is not read',
      spoil: (zip: Buffer) => {
        const spoilt = Buffer.from(zip);
        spoilt.writeUInt16LE(14, spoilt.indexOf('PK\u0001\u0002') + 10);
        return spoilt;
      },
      code: 'invalid_archive',
    },
  ])('refuses an archive that $what', async ({ spoil, code }) => {
    const { zip } = await setup();

    expect(await placesOf(spoil(zip), { format: 'images' })).toMatchObject([{ code }]);
  });

  it('refuses an archive that unpacks to far more than its size', async () => {
    const bomb = { path: 'cat/9.png', bytes: Buffer.alloc(20_000_000), compress: true };
    const { zip } = await setup([bomb]);

    expect(await placesOf(zip)).toEqual([{ code: 'too_large_archive' }]);
  });

  it('refuses a file that unpacks to more than the archive says', async () => {
    const { zip } = await setup([{ path: 'cat/9.png', bytes: Buffer.alloc(100_000), compress: true }]);
    const directory = zip.lastIndexOf('PK\u0001\u0002');
    zip.writeUInt32LE(1_000, directory + 24);

    expect(await placesOf(zip)).toEqual([{ file: 'cat/9.png', code: 'invalid_archive' }]);
  });

  it('lists no more errors than there is use for', async () => {
    const entries = Array.from({ length: 1_010 }, (_, index) => ({
      path: `cat/${index}.png`,
      bytes: Buffer.from('none'),
    }));

    const { outcome } = await ingestBytes(await zipOf(entries));

    expect(outcome).toMatchObject({ type: 'rejected', truncated: true });
    expect(outcome.type === 'rejected' && outcome.errors.length).toBe(1_000);
  });

  it.each([
    { what: 'a spreadsheet', paths: ['[Content_Types].xml', 'xl/media/image1.png'] },
    { what: 'a document', paths: ['mimetype', 'Pictures/1.png'] },
    { what: 'a table', paths: ['table.csv'] },
  ])('is told from an archive that is $what', async ({ paths }) => {
    const { png } = await setup();
    const zip = await zipOf(paths.map((path) => ({ path, bytes: png })));

    const [error] = await errorsOf(zip);

    expect(error).toMatchObject({
      code: 'unknown_format',
      detail: expect.stringMatching(/ZIP archive or a spreadsheet/),
    });
  });

  it('refuses what was declared as images and is none, and an archive that was declared as something else', async () => {
    const { zip } = await setup();

    expect(await placesOf(Buffer.from('a,b\n1,2\n'), { format: 'images' })).toEqual([
      { code: 'unknown_format' },
    ]);
    expect(await placesOf(zip, { format: 'csv' })).toEqual([{ line: 1, code: 'unknown_format' }]);
  });

  it('fails as interrupted when it is told to stop', async () => {
    const { zip } = await setup();
    const stop = new AbortController();

    const ingesting = ingestBytes(zip, { signal: stop.signal, onProgress: () => stop.abort() });

    await expect(ingesting).rejects.toBeInstanceOf(InterruptedError);
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
