import { crc32, deflateRawSync } from 'node:zlib';
import sharp from 'sharp';
import type { IngestOptions } from '../../../jobs/datasets/ingest-file';
import { InterruptedError } from '../../../shared/errors/job-errors';
import { imageOf, pngOf, type ZipEntry, zipOf } from '../../support/make-zip';
import { errorsOf, ingestBytes } from './ingest-bytes';

const small = { width: 3, height: 2 };

async function setup(more: readonly ZipEntry[] = []) {
  const bytes = await pngOf(small);
  const files = ['cat/1.png', 'cat/2.png', 'dog/1.png'].map((path) => ({ path, bytes }));
  return { png: bytes, zip: await zipOf([...files, ...more]) };
}

/** An archive of one stored file, which then says that its bytes are these, deflated. */
function asDeflated(zip: Buffer, bytes: Buffer): Buffer {
  const directory = zip.lastIndexOf('PK\u0001\u0002');
  for (const method of [8, directory + 10]) {
    zip.writeUInt16LE(8, method);
    zip.writeUInt32LE(crc32(bytes), method + 6);
    zip.writeUInt32LE(bytes.length, method + 14);
  }
  return zip;
}

/** Only the first file of an archive, and its directory, where every entry is that file. */
function atOnePlace(zip: Buffer): Buffer {
  const [second, directory] = [zip.indexOf('PK\u0003\u0004', 4), zip.indexOf('PK\u0001\u0002')];
  const rest = Buffer.from(zip.subarray(directory));
  for (let at = 0; at >= 0; at = rest.indexOf('PK\u0001\u0002', at + 1)) rest.writeUInt32LE(0, at + 42);
  rest.writeUInt32LE(second, rest.lastIndexOf('PK\u0005\u0006') + 16);
  return Buffer.concat([zip.subarray(0, second), rest]);
}

const placesOf = async (zip: Buffer, options: Partial<IngestOptions> = {}) =>
  (await errorsOf(zip, options)).map(({ detail, ...place }) => place);

describe('an archive of images that cannot be used', () => {
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

  it('refuses a file that is packed to far more than its size without unpacking it', async () => {
    const { png } = await setup();
    const padding = Buffer.from(Array.from({ length: 40_000 }, () => [0, 0, 0, 255, 255]).flat());
    const zip = await zipOf([{ path: 'cat/9.png', bytes: Buffer.concat([padding, deflateRawSync(png)]) }]);

    const errors = await errorsOf(asDeflated(zip, png), { format: 'images' });

    expect(errors).toEqual([
      {
        file: 'cat/9.png',
        code: 'invalid_archive',
        detail: expect.stringMatching(
          /it has 200\d{3} bytes packed and \d+ unpacked, more than packing ever adds/,
        ),
      },
    ]);
  });

  it('refuses an archive whose files lie at one place', async () => {
    const noise = Array.from({ length: 64 * 64 }, (_, at) => (at * 7919 * at) % 251);
    const bytes = await pngOf({ width: 64, height: 64, values: noise });
    const zip = await zipOf(['cat/1.png', 'cat/2.png', 'dog/1.png'].map((path) => ({ path, bytes })));

    expect(await errorsOf(atOnePlace(zip), { format: 'images' })).toEqual([
      { code: 'invalid_archive', detail: expect.stringMatching(/several lie at one place/) },
    ]);
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
});
