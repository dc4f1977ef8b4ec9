import { z } from 'zod';
import { jobOutput } from '../../shared/contracts/job-output';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { penguins } from '../support/penguins';

const versionSeen = z.looseObject({ metrics: z.looseObject({ test: z.record(z.string(), z.unknown()) }) });
const metricsSeen = z.looseObject({
  accuracy: z.number(),
  log_loss: z.number(),
  confidence_intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
});
const evaluationSeen = z.looseObject({ slices: z.array(z.looseObject({ column: z.string() })) });

describe('from a trained model to its evaluation', () => {
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

  it('measures on the held-out rows what training reported of them, and leaves it as a file', async () => {
    const { client } = server;
    const lines = penguins().map((row) => JSON.stringify(row));
    const dataset = await client.uploadDataset('penguins', Buffer.from(lines.join('\n')));
    const learn = { target: 'Species', epochs: 5, register: { name: 'penguins' } };
    await client.runJob('train', { dataset: dataset.id, ...learn });
    const asked = { model: { name: 'penguins' }, slices: ['Island'], bootstrap: { resamples: 100 } };

    const job = await client.runJob('evaluate', asked);

    const { body } = await client.send('GET', '/v1/models/penguins/versions/1');
    const { test } = versionSeen.parse(body).metrics;
    const metrics = metricsSeen.parse(job.output?.metrics);
    expect(job).toMatchObject({ state: 'succeeded', output: { model: { name: 'penguins', version: 1 } } });
    expect([metrics.accuracy, metrics.log_loss]).toEqual([test.accuracy, test.log_loss]);
    const [low = 1, high = 0] = metrics.confidence_intervals.accuracy ?? [];
    expect(low).toBeLessThanOrEqual(metrics.accuracy);
    expect(high).toBeGreaterThanOrEqual(metrics.accuracy);

    const outputs = z.object({ data: z.array(jobOutput) });
    const { data } = await client.call(outputs, 'GET', `/v1/jobs/${job.id}/outputs`);
    const file = data.find(({ name }) => name === 'evaluation.json');
    const report = evaluationSeen.parse(await (await fetch(file?.download.url ?? '')).json());
    expect(data.map(({ name }) => name)).toEqual(['evaluation.json', 'report.html']);
    expect(report.slices.map(({ column }) => column)).toContain('Island');
  });
});
