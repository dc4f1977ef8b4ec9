import fc from 'fast-check';
import { decodeImages } from '../../../jobs/datasets/decode-images';
import { pngOf, zipOf } from '../../support/make-zip';
import { ingestBytes, rowsOf } from '../../unit/datasets/ingest-bytes';

const side = fc.integer({ min: 1, max: 12 });
const folder = fc.constantFrom('cat', 'dog', 'a b', '\u00e9t\u00e9', '0');
const image = fc.record({
  width: side,
  height: side,
  seed: fc.integer({ min: 0, max: 255 }),
  folder,
  compress: fc.boolean(),
});

const pixelsOf = ({ width, height, seed }: { width: number; height: number; seed: number }) =>
  Array.from({ length: width * height }, (_, at) => (seed + 37 * at) % 256);

describe('an archive of images', () => {
  it('comes out as the bytes, the classes and the names that went in, in their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(image, { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (images, zip64) => {
          const entries = await Promise.all(
            images.map(async (given, index) => ({
              path: `${given.folder}/${index}.png`,
              bytes: await pngOf({ ...given, values: pixelsOf(given) }),
              compress: given.compress,
            })),
          );

          const { data } = await ingestBytes(await zipOf(entries, { zip64 }));

          const rows = await rowsOf(data);
          expect(rows.map(([, label, file]) => [label, file])).toEqual(
            images.map((given, index) => [given.folder, `${given.folder}/${index}.png`]),
          );
          expect(
            rows.every(([bytes], row) => bytes instanceof Uint8Array && entries[row]?.bytes.equals(bytes)),
          ).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('pixels', () => {
  it('of an image of the size that is asked for are its own', async () => {
    await fc.assert(
      fc.asyncProperty(image, async (given) => {
        const values = pixelsOf(given);
        const { width, height } = given;

        const grey = await decodeImages([await pngOf({ ...given, values })], { width, height, channels: 1 });
        const colours = await decodeImages([await pngOf({ ...given, values })], {
          width,
          height,
          channels: 3,
        });

        expect([...grey]).toEqual(values);
        expect([...colours]).toEqual(values.flatMap((value) => [value, value, value]));
      }),
    );
  });

  it('of one colour stay so at any size', async () => {
    await fc.assert(
      fc.asyncProperty(image, side, side, async ({ seed, ...given }, width, height) => {
        const values = Array.from({ length: given.width * given.height }, () => seed);

        const pixels = await decodeImages([await pngOf({ ...given, values })], {
          width,
          height,
          channels: 1,
        });

        expect(pixels.every((pixel) => pixel === seed)).toBe(true);
      }),
    );
  });
});
