import { randomUUID } from 'node:crypto';
import type { Job } from '../../shared/contracts/job';
import { adminKey, type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { labelledRows, longTraining } from '../support/labelled-rows';

const until = async (condition: () => Promise<boolean>, seconds = 120) => {
  const deadline = Date.now() + seconds * 1_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

describe('faults and second thoughts', () => {
  let home: string;
  let server: IngotServer;
  let dataset: string;

  const readJob = async (id: string) => (await server.client.send('GET', `/v1/jobs/${id}`)).body as Job;
  const submit = async (body: unknown, headers: Record<string, string> = {}) =>
    server.client.send('POST', '/v1/jobs', body, headers);
  const submitted = async (body: unknown) => ((await submit(body)).body as Job).id;
  const isRunning = (id: string) => async () => {
    const job = await readJob(id);
    if (job.finished_at !== undefined)
      throw new Error(`it ${job.state} before it was seen running: ${JSON.stringify(job.error)}`);
    return job.state === 'running' && (job.progress.step ?? 0) > 0;
  };

  beforeAll(async () => {
    home = await temporaryHome();
    server = await startServer(home);
    dataset = (await server.client.uploadDataset('sides', labelledRows(4_000), 'csv')).id;
  });
  afterAll(async () => {
    await server.stop();
    await removeHome(home);
  });

  it('finishes a job once, although the server was killed while it ran', async () => {
    const id = await submitted(longTraining(dataset, 'survivor', 600));
    const waiting = await submitted(longTraining(dataset, 'behind', 1));
    await until(isRunning(id));

    await server.kill();
    server = await startServer(home);
    const job = await server.client.waitForJob(id);
    const behind = await server.client.waitForJob(waiting);

    expect(job.error).toBeUndefined();
    expect(job.state).toBe('succeeded');
    expect(job.attempt).toBe(2);
    expect(job.transitions.filter(({ state }) => state === 'succeeded')).toHaveLength(1);
    expect(job.transitions.map(({ state }) => state)).toContain('interrupted');
    const { body } = await server.client.send('GET', '/v1/models/survivor');
    expect(body).toMatchObject({ latest_version: 1 });
    expect(behind.state).toBe('succeeded');
  });

  it('cancels a running job: its process ends and it stays cancelled', async () => {
    const id = await submitted(longTraining(dataset, 'cancelled', 5_000));
    await until(isRunning(id));

    const answer = await server.client.send('POST', `/v1/jobs/${id}/cancel`);
    const next = await server.client.runJob('train', longTraining(dataset, 'after-cancelled', 1).spec);

    expect(answer.status).toBe(202);
    expect((await readJob(id)).state).toBe('cancelled');
    expect(next.state).toBe('succeeded');
    expect((await readJob(id)).state).toBe('cancelled');
  });

  it('cancels a queued job, which then never starts, and says why it waited', async () => {
    const running = await submitted(longTraining(dataset, 'first', 5_000));
    const queued = await submitted(longTraining(dataset, 'second', 5_000));
    await until(isRunning(running));
    await until(async () => ((await readJob(queued)).reason ?? '').length > 0);

    const cancelled = await server.client.send('POST', `/v1/jobs/${queued}/cancel`);
    await server.client.send('POST', `/v1/jobs/${running}/cancel`);
    await server.client.runJob('train', longTraining(dataset, 'third', 1).spec);

    expect(cancelled.status).toBe(202);
    const job = await readJob(queued);
    expect(job.state).toBe('cancelled');
    expect(job.transitions.map(({ state }) => state)).not.toContain('running');
  });

  it('refuses to cancel what has ended', async () => {
    const job = await server.client.runJob('train', longTraining(dataset, 'ended', 1).spec);

    const answer = await server.client.send('POST', `/v1/jobs/${job.id}/cancel`);

    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ detail: expect.stringContaining('succeeded') });
  });

  it('makes one job of two submits with one Idempotency-Key at the same instant', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = longTraining(dataset, 'once', 1);

    const answers = await Promise.all([submit(body, headers), submit(body, headers)]);
    const replay = await submit(body, headers);
    const other = await submit(longTraining(dataset, 'other', 1), headers);

    const ids = new Set(
      [...answers, replay].filter(({ status }) => status === 202).map((answer) => (answer.body as Job).id),
    );
    expect(ids.size).toBe(1);
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
    expect(other.status).toBe(422);
  });

  it('stops cleanly on Ctrl-C and goes on where it was', async () => {
    const id = await submitted(longTraining(dataset, 'paused', 600));
    await until(isRunning(id));

    const code = await server.stop();
    server = await startServer(home);
    const job = await server.client.waitForJob(id);

    expect(code).toBe(0);
    expect(job.state).toBe('succeeded');
  });

  it('lets nobody in without the right key', async () => {
    const paths = ['/v1/jobs', '/v1/datasets', '/v1/models', '/v1/keys'];
    const keys = ['', 'x', 'ingot_wrong_key', `${adminKey}x`];

    const statuses = await Promise.all(
      paths.flatMap((path) =>
        keys.map(
          async (key) =>
            (await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } })).status,
        ),
      ),
    );

    expect(new Set(statuses)).toEqual(new Set([401]));
  });
});
