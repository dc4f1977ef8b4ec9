import type { Dataset } from '../../shared/contracts/dataset';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { imageOf, pngOf, type ZipEntry, zipOf } from '../support/make-zip';
import { mnistDigits } from '../support/mnist-digits';

/** A few hundred handwritten digits as folders of images; every tenth is a WebP in colours. */
async function digitImages(mostOfEach: number): Promise<ZipEntry[]> {
  return Promise.all(
    mnistDigits(mostOfEach).map(async ({ label, pixels: values }, index) => {
      const image = { width: 28, height: 28, values };
      return index % 10 === 9
        ? {
            path: `digits/${label}/${index}.webp`,
            bytes: await imageOf(image).webp({ lossless: true }).toBuffer(),
          }
        : { path: `digits/${label}/${index}.png`, bytes: await pngOf(image) };
    }),
  );
}

const columnOf = (dataset: Dataset, name: string) => dataset.columns?.find((column) => column.name === name);

describe('data of other kinds than tables', () => {
  let home: string;
  let server: IngotServer;
  beforeAll(async () => {
    home = await temporaryHome();
    server = await startServer(home);
  });
  afterAll(async () => {
    await server.stop();
    await removeHome(home);
  });

  const upload = (...given: Parameters<IngotServer['client']['uploadDataset']>) =>
    server.client.uploadDataset(...given);
  const train = (spec: Record<string, unknown>) =>
    server.client.send('POST', '/v1/jobs', {
      kind: 'train',
      spec: { register: { name: 'refused' }, ...spec },
    });

  it('takes a ZIP archive of images, whose folders are classes', async () => {
    const notes = { path: 'digits/README.md', bytes: Buffer.from('handwritten digits') };

    const dataset = await upload('digits', await zipOf([...(await digitImages(30)), notes]));

    expect(dataset).toMatchObject({
      state: 'ready',
      rows: 300,
      profile: { format: 'images', passed_over: 1 },
      columns: [
        {
          name: 'image',
          type: 'image',
          image: {
            width: { min: 28, max: 28, typical: 28 },
            formats: [
              { value: 'png', count: 270 },
              { value: 'webp', count: 30 },
            ],
          },
        },
        { name: 'label', type: 'text', distinct: 10, missing: 0 },
        { name: 'file', type: 'text', distinct: 300 },
      ],
    });
    const { body } = await train({ dataset: dataset.id, target: 'image', model: { family: 'mlp' } });
    expect(body).toMatchObject({
      code: 'target_type',
      detail: expect.stringMatching(/'image' holds images/),
    });
  });

  it('rejects an archive with each image that does not decode, by its name', async () => {
    const [whole, ...more] = await digitImages(1);
    const broken = more.map(({ path, bytes }) => ({ path, bytes: bytes.subarray(0, 40) }));

    const dataset = await upload('broken digits', await zipOf([...(whole ? [whole] : []), ...broken]));

    expect(dataset.state).toBe('rejected');
    expect(dataset.errors?.map(({ file, code }) => ({ file, code }))).toEqual(
      broken.map(({ path }) => ({ file: path, code: 'invalid_image' })),
    );
  });

  it('takes lists of numbers', async () => {
    const rows = mnistDigits(10).map(({ label, pixels }) => JSON.stringify({ pixels, label: `${label}` }));

    const dataset = await upload('digits in lists', Buffer.from(rows.join('\n')));

    expect(dataset).toMatchObject({ state: 'ready', rows: 100, profile: { format: 'jsonl' } });
    expect(columnOf(dataset, 'pixels')).toMatchObject({
      type: 'numbers',
      length: { min: 784, max: 784, mean: 784 },
      min: 0,
      max: 255,
      whole: true,
    });
  });

  it('takes plain text, line by line, where it is declared as such', async () => {
    const lines = Array.from({ length: 3_000 }, (_, line) => `line ${line}, of a text\r\n`);

    const dataset = await upload('a text', Buffer.from(lines.join('')), 'text');

    expect(dataset).toMatchObject({ state: 'ready', rows: 3_000, profile: { format: 'text' } });
    expect(columnOf(dataset, 'text')).toMatchObject({ type: 'text', distinct: 3_000 });
    const target = { dataset: dataset.id, target: 'text' };
    const decoder = {
      family: 'transformer',
      form: 'decoder',
      layers: 1,
      heads: 1,
      width: 4,
      maximum_length: 8,
    };
    const learning = await train({ ...target, model: decoder, epochs: 10_000 });
    expect(learning).toMatchObject({ status: 202 });
    await server.client.send('POST', `${learning.headers.get('location')}/cancel`);
    expect((await train({ ...target, model: { family: 'mlp' } })).body).toMatchObject({
      code: 'too_many_classes',
    });
  });
});
