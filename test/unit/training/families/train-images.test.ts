import { BadSpecError } from '../../../../shared/errors/job-errors';
import { mnistDigits } from '../../../support/mnist-digits';
import { type Row as IngestedRow, ingestRows } from '../../../support/penguins';
import { trainingJob } from '../../../support/train-on-rows';

const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const ofEach = 40;
const digits = mnistDigits(ofEach).map(({ label, pixels }) => ({
  digit: names[label] ?? '',
  ink: pixels.reduce((sum, value) => sum + value, 0),
  pixels,
}));
type Row = (typeof digits)[number];

const setup = (spec: object, row: (digit: Row) => IngestedRow = ({ digit, pixels }) => ({ digit, pixels })) =>
  trainingJob({ target: 'digit', epochs: 4, batch_size: 16, ...spec }, (folder) =>
    ingestRows(digits.map(row), folder),
  );

const cnn = { family: 'cnn' };

describe('training a convolutional network on lists of pixels', () => {
  it('learns digits, measures the model that it exports, and serves nested or flat pixels', async () => {
    const job = await setup({ model: cnn });
    const [first, last] = [digits[0]?.pixels ?? [], digits.at(-1)?.pixels ?? []];
    const rows = Array.from({ length: 28 }, (_, row) => first.slice(row * 28, (row + 1) * 28));

    const { metrics, history, signature, predict } = await job.run();
    const [nested, flat, other] = await predict([
      { pixels: rows.map((row) => row.map((value) => [value])) },
      { pixels: first },
      { pixels: last },
    ]);

    expect(metrics.test?.accuracy).toBeGreaterThan(0.6);
    expect(metrics.validation?.log_loss).toBeCloseTo(history.at(-1)?.metrics.validation_loss ?? 0, 5);
    expect(signature.inputs).toEqual([
      { name: 'pixels', type: 'number', element_type: 'uint8', shape: [28, 28, 1] },
    ]);
    expect(nested).toEqual(flat);
    expect([flat, other]).toEqual([
      expect.objectContaining({ label: 'zero' }),
      expect.objectContaining({ label: 'nine' }),
    ]);
    await job.remove();
  });

  it('learns numbers of images, and reads fractions of a pixel as floats', async () => {
    const job = await setup(
      { target: 'ink', model: { ...cnn, preset: 'resnet' }, optimizer: { name: 'adam' }, epochs: 5 },
      ({ ink, pixels }) => ({ ink, pixels: pixels.map((value) => value / 255) }),
    );

    const { metrics, signature } = await job.run();

    expect(metrics.test?.r2).toBeGreaterThan(0.5);
    expect(signature.inputs).toMatchObject([{ element_type: 'float', shape: [28, 28, 1] }]);
    await job.remove();
  });

  it.each([
    {
      what: 'lists that are no square image',
      spec: { model: cnn },
      row: ({ digit, pixels }: Row) => ({ digit, pixels: pixels.slice(28) }),
      says: "the lists of 'pixels' have 756 numbers, which is no square image",
    },
    {
      what: 'lists that do not fit the image asked for',
      spec: { model: { ...cnn, image: { height: 16, width: 16, channels: 3 } } },
      says: "the lists of 'pixels' have 784 numbers, and an image of 16 x 16 pixels and 3 channels has 768",
    },
    {
      what: 'a table without a list or an image',
      spec: { model: cnn },
      row: ({ digit, ink }: Row) => ({ digit, ink }),
      says: "the family cnn reads a column of images or lists of numbers, and the features have none: they are 'ink' (integer)",
    },
    {
      what: 'several lists',
      spec: { model: cnn },
      row: ({ digit, pixels }: Row) => ({ digit, pixels, again: pixels }),
      says: "and the features have 2: 'pixels' (numbers), 'again' (numbers); name the one in features.include",
    },
    {
      what: 'lists for a family of plain columns',
      spec: { model: { family: 'mlp' } },
      says: "the family mlp reads no lists of numbers, which 'pixels' holds; choose the family cnn, rnn or transformer",
    },
  ])('refuses $what', async ({ spec, row, says }) => {
    const job = await setup(spec, row);

    const refused = job.run();

    await expect(refused).rejects.toThrow(BadSpecError);
    await expect(refused).rejects.toThrow(says);
    await job.remove();
  });

  it('takes the one list that is asked for, and says what it leaves out', async () => {
    const job = await setup(
      { model: cnn, features: { exclude: ['again'] }, epochs: 1 },
      ({ digit, pixels, ink }) => ({ digit, pixels, ink, again: pixels }),
    );

    const { signature } = await job.run();

    expect(signature.inputs.map(({ name }) => name)).toEqual(['pixels']);
    expect(job.context.logs.map(({ message }) => message)).toContain(
      "column 'ink' is not used: the family cnn reads 'pixels' alone",
    );
    await job.remove();
  });
});
