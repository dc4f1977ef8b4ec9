import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Pixels, pngOf, zipOf } from '../../../support/make-zip';
import { mnistDigits } from '../../../support/mnist-digits';
import { ingestSource } from '../../../support/penguins';
import { trainingJob } from '../../../support/train-on-rows';

const digits = mnistDigits(30);

/** A ZIP archive of one folder a digit, ingested. */
const setup = (spec: object, pixelsOf: (values: readonly number[], index: number) => Pixels) =>
  trainingJob({ target: 'label', batch_size: 16, model: { family: 'cnn' }, ...spec }, async (folder) => {
    const entries = digits.map(async ({ label, pixels }, index) => ({
      path: `digit_${label}/${index}.png`,
      bytes: await pngOf(pixelsOf(pixels, index)),
    }));
    const source = join(folder, 'digits.zip');
    await writeFile(source, await zipOf(await Promise.all(entries)));
    return ingestSource(source, folder);
  });

const grey = (values: readonly number[]): Pixels => ({ width: 28, height: 28, values });

describe('training a convolutional network on image files', () => {
  it('learns digits in the size that they have, and serves their pixels', async () => {
    const job = await setup({ epochs: 4 }, grey);
    const nine = digits.at(-1)?.pixels ?? [];

    const { metrics, history, signature, predict } = await job.run();
    const predictions = await predict([{ image: nine }]);

    expect(metrics.test?.accuracy).toBeGreaterThan(0.5);
    expect(metrics.validation?.log_loss).toBeCloseTo(history.at(-1)?.metrics.validation_loss ?? 0, 5);
    expect(signature.inputs).toEqual([
      { name: 'image', type: 'number', element_type: 'uint8', shape: [28, 28, 1] },
    ]);
    expect(predictions).toMatchObject([{ label: 'digit_9' }]);
    expect(job.context.logs.map(({ message }) => message)).toContain(
      "column 'file' is not used: the family cnn reads 'image' alone",
    );
    await job.remove();
  });

  it('scales images of different sizes to what is typical, in colour where one has any', async () => {
    const job = await setup({ epochs: 1 }, (values, index) =>
      index % 3 === 0 ? { width: 20, height: 40, channels: 3 } : { ...grey(values), width: 28, height: 28 },
    );

    const { signature } = await job.run();

    expect(signature.inputs).toMatchObject([{ shape: [28, 28, 3] }]);
    await job.remove();
  });

  it('scales images to the size that is asked for', async () => {
    const image = { height: 14, width: 16, channels: 1 };
    const job = await setup({ epochs: 1, model: { family: 'cnn', image } }, grey);

    const { signature } = await job.run();

    expect(signature.inputs).toMatchObject([{ shape: [14, 16, 1] }]);
    await job.remove();
  });

  it('refuses image files for a family of plain columns', async () => {
    const job = await setup({ model: { family: 'linear' } }, grey);

    await expect(job.run()).rejects.toThrow(
      "the family linear reads no images, which 'image' holds; choose the family cnn, or name it in features.exclude",
    );
    await job.remove();
  });
});
