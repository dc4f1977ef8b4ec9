import { z } from 'zod';
import { jobOutput } from '../../shared/contracts/job-output';
import { problem } from '../../shared/contracts/problem';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { penguins } from '../support/penguins';

const outputs = z.object({ data: z.array(jobOutput) });
const versionSeen = z.looseObject({
  metrics: z.looseObject({
    tuning: z.looseObject({ trials: z.number(), best: z.number(), validation_accuracy: z.number() }),
    test: z.looseObject({ accuracy: z.number() }),
  }),
});

describe('a search over the settings of a training', () => {
  let home: string;
  let server: IngotServer;
  let dataset: string;
  beforeAll(async () => {
    home = await temporaryHome();
    server = await startServer(home);
    const lines = penguins().map((row) => JSON.stringify(row));
    dataset = (await server.client.uploadDataset('penguins', Buffer.from(lines.join('\n')))).id;
  });
  afterAll(async () => {
    await server.stop();
    await removeHome(home);
  });

  const specOf = (train: object = {}) => ({
    train: { dataset, target: 'Species', epochs: 9, ...train },
    space: { 'optimizer.learning_rate': { min: 1e-4, max: 0.05, scale: 'log' } },
    search: { method: 'asha', trials: 3, reduction_factor: 3 },
    objective: 'validation_accuracy',
    slots: 2,
    register: { name: 'tuned', alias: 'production' },
  });

  it('registers the best trial, which predicts, and leaves every trial to read', async () => {
    const { client } = server;

    const job = await client.runJob('tune', specOf());

    const version = await client.send('GET', '/v1/models/tuned/versions/1');
    const { tuning, test } = versionSeen.parse(version.body).metrics;
    const { body } = await client.send('POST', '/v1/models/tuned/predict', {
      instances: [
        {
          Island: 'Biscoe',
          'Flipper Length (mm)': 230,
          'Beak Length (mm)': 50,
          'Beak Depth (mm)': 15,
          'Body Mass (g)': 5700,
          Sex: 'MALE',
        },
      ],
    });
    const { data } = await client.call(outputs, 'GET', `/v1/jobs/${job.id}/outputs`);
    expect(job).toMatchObject({ state: 'succeeded', output: { model: { name: 'tuned', version: 1 } } });
    expect(tuning.trials).toBe(3);
    expect(test.accuracy).toBeGreaterThan(0.4);
    expect(JSON.stringify(body)).toContain('Gentoo');
    expect(data.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'best_trial.html',
        'best_trial.json',
        'model.onnx',
        'report.html',
        'report.json',
      ]),
    );
  });

  it('refuses a misspelt column where it lies in the spec, before any machine starts', async () => {
    const answer = await server.client.send('POST', '/v1/jobs', {
      kind: 'tune',
      spec: specOf({ target: 'Specis' }),
    });

    const { detail, errors } = problem.parse(answer.body);
    expect(answer.status).toBe(422);
    expect(errors?.[0]?.pointer).toBe('/spec/train/target');
    expect(detail).toContain("'Species'");
  });
});
