import { typicalSize } from '../../../../jobs/training/families/typical-size';
import { UnusableDataError } from '../../../../shared/errors/job-errors';
import { pngOf } from '../../../support/make-zip';

async function* batchOf(...encoded: Uint8Array[]) {
  yield { encoded, named: (index: number) => `the image in row ${index + 10}` };
}

describe('typicalSize', () => {
  it('is the median of heights and of widths', async () => {
    const images = await Promise.all([10, 12, 40].map((width) => pngOf({ width, height: 9 })));

    const size = await typicalSize(batchOf(...images));

    expect(size).toEqual({ height: 9, width: 12, channels: 1 });
  });

  it('fails with the name of an image that is none', async () => {
    const png = await pngOf({ width: 9, height: 9 });

    const size = typicalSize(batchOf(png, Uint8Array.of(1, 2, 3)));

    await expect(size).rejects.toThrow(UnusableDataError);
    await expect(size).rejects.toThrow(/^the image in row 11 of 3 bytes cannot be decoded/);
  });
});
