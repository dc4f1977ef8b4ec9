import sharp from 'sharp';
import { decodeImages } from '../../../jobs/datasets/decode-images';
import { UnusableDataError } from '../../../shared/errors/job-errors';
import { imageOf, pngOf } from '../../support/make-zip';

const red = [255, 0, 0];
const blue = [0, 0, 255];
const colours = { width: 2, height: 1, channels: 3 as const };

/** Red on the left, blue on the right. */
const redAndBlue = () => imageOf({ width: 2, height: 1, channels: 3, values: [...red, ...blue] });

describe('decoded images', () => {
  it('are one behind the other, in their order, however many they are', async () => {
    const encoded = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        pngOf({ width: 2, height: 2, values: Array.from({ length: 4 }, () => index) }),
      ),
    );

    const pixels = await decodeImages(encoded, { width: 2, height: 2, channels: 1 });

    expect([...pixels]).toEqual(Array.from({ length: 800 }, (_, at) => Math.floor(at / 4)));
  });

  it('of none are none', async () => {
    expect(await decodeImages([], { width: 2, height: 2, channels: 3 })).toEqual(new Uint8Array());
  });

  it.each([
    { format: 'PNG', write: () => redAndBlue().png() },
    { format: 'PNG with a palette', write: () => redAndBlue().png({ palette: true }) },
    { format: 'WebP', write: () => redAndBlue().webp({ lossless: true }) },
  ])('have the colours of $format', async ({ write }) => {
    const pixels = await decodeImages([await write().toBuffer()], colours);

    expect([...pixels]).toEqual([...red, ...blue]);
  });

  it('have the colours of JPEG, as near as JPEG keeps them', async () => {
    const jpeg = await imageOf({
      width: 16,
      height: 16,
      channels: 3,
      values: Array.from({ length: 768 }, (_, at) => [200, 100, 50][at % 3] ?? 0),
    })
      .jpeg({ quality: 100 })
      .toBuffer();

    const pixels = await decodeImages([jpeg], { width: 1, height: 1, channels: 3 });

    for (const [channel, value] of [200, 100, 50].entries())
      expect(Math.abs((pixels[channel] ?? 0) - value)).toBeLessThanOrEqual(2);
  });

  it('are turned as their EXIF orientation says', async () => {
    const turned = await redAndBlue().withMetadata({ orientation: 3 }).png().toBuffer();

    const pixels = await decodeImages([turned], colours);

    expect([...pixels]).toEqual([...blue, ...red]);
  });

  it('are on white where they are transparent', async () => {
    const values = [255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 128];
    const see = await imageOf({ width: 3, height: 1, channels: 4, values }).png().toBuffer();

    const pixels = await decodeImages([see], { width: 3, height: 1, channels: 3 });

    expect([...pixels]).toEqual([...red, 255, 255, 255, 127, 127, 127]);
  });

  it('have 8 bits where the file has 16', async () => {
    const values = Uint16Array.from([0, 255, 256, 32_768, 65_280, 65_535]);
    const deep = await sharp(values, { raw: { width: 6, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();

    const pixels = await decodeImages([deep], { width: 6, height: 1, channels: 1 });

    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect([...pixels]).toEqual([0, 0, 1, 128, 255, 255]);
  });

  it('are sRGB where the file is CMYK', async () => {
    const create = { width: 8, height: 8, channels: 3 as const, background: '#ff0000' };
    const cmyk = await sharp({ create }).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();

    const [r = 0, g = 255, b = 255] = await decodeImages([cmyk], { width: 1, height: 1, channels: 3 });

    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    expect([r > 200, g < 80, b < 80]).toEqual([true, true, true]);
  });

  it('of more than one frame are the first', async () => {
    const frames = Uint8Array.from([...red, ...blue]);
    const animated = await sharp(frames, { raw: { width: 1, height: 2, channels: 3, pageHeight: 1 } })
      .webp({ lossless: true, loop: 0, delay: [100, 100] })
      .toBuffer();

    const pixels = await decodeImages([animated], { width: 1, height: 1, channels: 3 });

    expect((await sharp(animated).metadata()).pages).toBe(2);
    expect([...pixels]).toEqual(red);
  });

  it('become grey as Pillow makes them', async () => {
    const values = [...red, 0, 255, 0, ...blue, 10, 20, 30];
    const png = await imageOf({ width: 4, height: 1, channels: 3, values }).png().toBuffer();

    const pixels = await decodeImages([png], { width: 4, height: 1, channels: 1 });

    // What Image.convert('L') of Pillow gives.
    expect([...pixels]).toEqual([76, 150, 29, 18]);
  });

  it('are scaled whole, each pixel a mean of all that fall into it', async () => {
    const values = [0, 100, 0, 100, 200, 40, 200, 40];
    const png = await pngOf({ width: 4, height: 2, values });

    const halved = await decodeImages([png], { width: 1, height: 1, channels: 1 });

    expect([...halved]).toEqual([85]);
  });

  it('are as sharp out of JPEG as out of PNG, however small they become', async () => {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
    const create = { width: 40, height: 30, channels: 3 as const, background: '#888', noise };
    const blurred = sharp(await sharp({ create }).png().toBuffer()).resize(400, 300);
    const encoded = [await blurred.png().toBuffer(), await blurred.jpeg({ quality: 100 }).toBuffer()];

    const pixels = await decodeImages(encoded, { width: 28, height: 28, channels: 1 });

    const [png, jpeg] = [pixels.subarray(0, 784), pixels.subarray(784)];
    const distance = png.reduce((sum, pixel, at) => sum + Math.abs(pixel - (jpeg[at] ?? 0)), 0) / 784;
    expect(distance).toBeLessThan(1);
  });

  it('are the same for the same bytes, whatever the order in which threads end', async () => {
    const encoded = await Promise.all(
      Array.from({ length: 60 }, (_, index) => pngOf({ width: 20 + index, height: 90 - index, channels: 3 })),
    );
    const size = { width: 17, height: 13, channels: 3 as const };

    const [first, again] = await Promise.all([decodeImages(encoded, size), decodeImages(encoded, size)]);

    expect(Buffer.compare(first, again)).toBe(0);
  });

  it('fails with the place of an image that is none', async () => {
    const png = await pngOf({ width: 2, height: 2 });

    const decoding = decodeImages([png, png, new Uint8Array([1, 2, 3])], {
      width: 2,
      height: 2,
      channels: 1,
    });

    await expect(decoding).rejects.toBeInstanceOf(UnusableDataError);
    await expect(decoding).rejects.toThrow(/^image 3 of 3 bytes cannot be decoded/);
  });
});
