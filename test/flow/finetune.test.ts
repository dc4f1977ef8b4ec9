import { z } from 'zod';
import { modelVersion } from '../../shared/contracts/model';
import { problem } from '../../shared/contracts/problem';
import { writeModel } from '../../shared/onnx/write-model';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { smallNetwork, smallRecords } from '../support/small-network';

const records = smallRecords(600);
const jsonLines = (rows: readonly object[]) => Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));

const versionSeen = z.looseObject({
  state: z.string(),
  lineage: z.looseObject({ parent: z.object({ name: z.string(), version: z.number() }).optional() }),
  metrics: z.looseObject({ test: z.looseObject({ accuracy: z.number() }) }).optional(),
});
const answerSeen = z.object({ predictions: z.array(z.looseObject({ label: z.string() })) });

describe('from a model of others to one of our own', () => {
  let home: string;
  let server: IngotServer;
  let dataset: string;

  beforeAll(async () => {
    home = await temporaryHome();
    server = await startServer(home);
    dataset = (await server.client.uploadDataset('sides', jsonLines(records))).id;
  });
  afterAll(async () => {
    await server.stop();
    await removeHome(home);
  });

  const specFrom = (from: object, more: object = {}) => ({
    dataset,
    target: 'side',
    epochs: 20,
    optimizer: { name: 'adam', learning_rate: 0.03 },
    seed: 7,
    model: { family: 'finetune', from, ...more },
    register: { name: 'sides' },
  });
  const versionOf = async (name: string, version: number) =>
    versionSeen.parse((await server.client.send('GET', `/v1/models/${name}/versions/${version}`)).body);
  const accuracyNow = async (version: number) => {
    const asked = records.slice(0, 200);
    const { body } = await server.client.send('POST', `/v1/models/sides/predict?version=${version}`, {
      instances: asked.map(({ pixels }) => ({ pixels })),
    });
    const { predictions } = answerSeen.parse(body);
    return predictions.filter(({ label }, row) => label === asked[row]?.side).length / asked.length;
  };

  it('imports an ONNX file', async () => {
    const { upload } = await server.client.call(modelVersion, 'POST', '/v1/models', { name: 'digits' });

    const put = await fetch(upload?.url ?? '', {
      method: 'PUT',
      headers: upload?.headers ?? {},
      body: new Uint8Array(writeModel(smallNetwork())),
    });
    await server.client.send('POST', '/v1/models/digits/versions/1/complete');

    expect(put.ok).toBe(true);
    const deadline = Date.now() + 30_000;
    while ((await versionOf('digits', 1)).state !== 'ready' && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await versionOf('digits', 1)).state).toBe('ready');
  });

  it.each<[string, object, object, number, RegExp]>([
    ['a model that is not there', { name: 'nothing' }, {}, 404, /nothing/],
    [
      'columns that the model cannot read, naming both shapes',
      { name: 'digits' },
      { features: { include: ['side'] }, target: 'pixels', task: 'classification' },
      422,
      /the model reads 'image' float\[1, 4, 4\], and the features are 'side' \(text\)/,
    ],
  ])('refuses at submit %s', async (_, from, more, status, message) => {
    const answer = await server.client.send('POST', '/v1/jobs', {
      kind: 'train',
      spec: { ...specFrom(from), ...more },
    });

    expect(answer.status).toBe(status);
    expect(problem.parse(answer.body).detail).toMatch(message);
  });

  it('trains on from it, with layers that stay as they are, and predicts from the lists of the data', async () => {
    const job = await server.client.runJob('train', specFrom({ name: 'digits' }, { freeze: ['conv.*'] }));

    expect(job.error).toBeUndefined();
    expect((await versionOf('sides', 1)).lineage).toMatchObject({
      dataset,
      parent: { name: 'digits', version: 1 },
    });
    expect(await accuracyNow(1)).toBeGreaterThan(0.55);
  });

  it('trains on from what was trained on, head and all', async () => {
    const job = await server.client.runJob('train', specFrom({ name: 'sides', version: 1 }));

    expect(job.error).toBeUndefined();
    expect((await versionOf('sides', 2)).lineage.parent).toEqual({ name: 'sides', version: 1 });
    expect(await accuracyNow(2)).toBeGreaterThan(0.7);
  });
});
