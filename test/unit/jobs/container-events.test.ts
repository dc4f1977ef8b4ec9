import { recordContainerEvents } from '../../../functions/queue/record-container-events';
import { cancelJob } from '../../../functions/usecases/cancel-job';
import { issueJobCredentials } from '../../../functions/usecases/issue-job-credentials';
import { recordContainerEvent } from '../../../functions/usecases/record-container-event';
import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { submitJob } from '../../../functions/usecases/submit-job';
import type { ContainerEvent } from '../../../shared/contracts/events';
import type { JobGrant } from '../../../shared/contracts/job-files';
import { DependencyError } from '../../../shared/errors/store-errors';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { aReadyDataset, openPorts, wireJobs } from './job-world';
import { anEvent, scriptedRunner } from './scripted-runner';
import { anSqsEvent } from './small-cloud';

describe('what a container says', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup() {
    const clock = steppedClock();
    const runner = scriptedRunner();
    const world = wireJobs({ ...ports, queue: await ports.openQueue(clock), runner }, clock);
    const tenant = aTenant();
    const dataset = await aReadyDataset(world, tenant);
    const spec = { dataset, target: 'species', register: { name: 'penguins' } };
    const { id: jobId } = await submitJob(world)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });
    await startJob(world)({ tenant, jobId });
    const run = runner.runOf(jobId);
    const say = (facts: Partial<ContainerEvent> = {}): ContainerEvent => ({
      tenant,
      job_id: jobId,
      attempt: 1,
      sequence: 1,
      token: run.token,
      at: '2026-01-01T00:02:00.000Z',
      body: { type: 'progress', progress: { fraction: 0.5, step: 10, metrics: { loss: 0.3 } } },
      ...facts,
    });
    const read = async () => {
      const job = await world.jobs.get(tenant, jobId);
      if (job === undefined) throw new Error('the job is gone');
      const { events } = await world.events.read(job, { after: 0, limit: 100 });
      return { job, events };
    };
    return { world, tenant, jobId, run, say, read, record: recordContainerEvent(world) };
  }

  const log = (message: string): ContainerEvent['body'] => ({ type: 'log', level: 'info', message });

  it('becomes the progress of the job, and its log', async () => {
    const { say, read, record } = await setup();

    await record(say());
    await record(say({ sequence: 2, body: log('epoch 1') }));
    await record(say({ sequence: 3, body: { type: 'checkpoint', step: 10, bytes: 99 } }));

    const { job, events } = await read();
    expect(job.progress).toEqual({ fraction: 0.5, step: 10, metrics: { loss: 0.3 } });
    expect(events.map(({ id, type, data }) => ({ id, type, data }))).toEqual([
      { id: 1, type: 'state', data: { state: 'queued', attempt: 0, reason: 'next to be dispatched' } },
      { id: 2, type: 'state', data: { state: 'dispatched', attempt: 1, reason: 'waiting for a machine' } },
      { id: 3, type: 'metric', data: { fraction: 0.5, step: 10, metrics: { loss: 0.3 } } },
      { id: 4, type: 'log', data: { level: 'info', message: 'epoch 1' } },
      { id: 5, type: 'checkpoint', data: { step: 10, bytes: 99 } },
    ]);
  });

  it('counts once, however often and late it comes', async () => {
    const { say, read, record } = await setup();

    for (const sequence of [1, 2, 1, 2, 2]) await record(say({ sequence, body: log(`line ${sequence}`) }));

    const { events } = await read();
    const lines = events.filter(({ type }) => type === 'log').map(({ data }) => data.message);
    expect(lines).toEqual(['line 1', 'line 2']);
  });

  it('counts no more once a later attempt speaks', async () => {
    const { say, read, record } = await setup();
    await record(say({ sequence: 7, body: log('first attempt') }));

    await record(say({ attempt: 2, sequence: 1, body: log('second attempt') }));
    await record(say({ attempt: 1, sequence: 8, body: log('late') }));

    const { events } = await read();
    const lines = events.filter(({ type }) => type === 'log').map(({ data }) => data.message);
    expect(lines).toEqual(['first attempt', 'second attempt']);
  });

  it('is kept whole when several say it at once', async () => {
    const { world, tenant, jobId, run, say, read, record } = await setup();

    await Promise.all([
      record(say({ body: log('from the container') })),
      recordRunEvent(world)(anEvent(run, 'running')),
      world.jobs.update(tenant, jobId, (job) => ({ ...job, sent_at: job.created_at })),
    ]);

    const { job, events } = await read();
    expect(job.state).toBe('running');
    expect(events.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ type }) => type).toSorted()).toEqual(['log', 'state', 'state', 'state']);
  });

  it('adds its last log lines behind the end, and moves nothing any more', async () => {
    const { world, tenant, jobId, say, read, record } = await setup();
    await record(say());
    await cancelJob(world)({ tenant, jobId });

    await record(say({ sequence: 2, body: log('stopping') }));
    await record(say({ sequence: 3 }));

    const { job, events } = await read();
    expect(job.state).toBe('cancelled');
    expect(job.heard.sequence).toBe(2);
    expect(events.map(({ type }) => type)).toEqual(['state', 'state', 'metric', 'state', 'log']);
  });

  it.each([
    { title: 'a wrong token', facts: { token: 'guessed' } },
    { title: 'an empty token', facts: { token: '' } },
    { title: 'another tenant', facts: { tenant: 'somebody-else' } },
    { title: 'another job', facts: { job_id: 'job_01J00000000000000000000000' } },
  ])('is refused with $title', async ({ facts }) => {
    const { say, read, record } = await setup();

    const work = record(say(facts));

    await expect(work).rejects.toMatchObject({ code: 'unauthenticated' });
    expect((await read()).events).toHaveLength(2);
  });

  it('is refused before the job was ever dispatched', async () => {
    const { world, tenant, say, record } = await setup();
    const spec = { dataset: await aReadyDataset(world, tenant), target: 'species', register: { name: 'x' } };
    const { id } = await submitJob(world)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });

    await expect(record(say({ job_id: id }))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  describe('from the events queue', () => {
    it('keeps the order of a group: behind a failure the rest of it is handed back', async () => {
      const { world, say } = await setup();
      const seen: string[] = [];
      const handle = recordContainerEvents({
        log: world.log,
        async recordContainerEvent({ attempt, sequence }) {
          if (attempt === 1 && sequence === 2) throw new DependencyError('no table', { retryable: true });
          seen.push(`${attempt}:${sequence}`);
        },
      });
      const bodies = [1, 2, 3].flatMap((sequence) =>
        [1, 2].map((attempt) => ({
          group: `job-${attempt}`,
          body: JSON.stringify(say({ attempt, sequence })),
        })),
      );

      const { batchItemFailures } = await handle(anSqsEvent(bodies));

      expect(seen).toEqual(['1:1', '2:1', '2:2', '2:3']);
      expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
        'message-2',
        'message-4',
      ]);
    });

    it('drops what nobody can read and what proves nothing, and says so', async () => {
      const { world, say, read, record } = await setup();
      const handle = recordContainerEvents({ log: world.log, recordContainerEvent: record });
      const bodies = ['{', JSON.stringify(say({ token: 'guessed' })), JSON.stringify(say())];

      const { batchItemFailures } = await handle(anSqsEvent(bodies.map((body) => ({ body }))));

      expect(batchItemFailures).toEqual([]);
      expect((await read()).events.map(({ type }) => type)).toEqual(['state', 'state', 'metric']);
      expect(world.lines.map(({ message }) => message)).toEqual([
        'dropped a container event',
        'a container event could not be recorded',
      ]);
      expect(JSON.stringify(world.lines)).not.toContain('guessed');
    });
  });

  describe('to get credentials', () => {
    const ask = async (
      scene: Awaited<ReturnType<typeof setup>>,
      facts: { attempt?: number; token?: string } = {},
    ) => {
      const assumed: { grant: JobGrant; jobId: string }[] = [];
      const issue = issueJobCredentials({
        jobs: scene.world.jobs,
        async assumeJobRole(grant, { jobId }) {
          assumed.push({ grant, jobId });
          return { session: 'narrow' };
        },
      });
      const request = {
        tenant: scene.tenant,
        job_id: scene.jobId,
        attempt: 1,
        token: scene.run.token,
        ...facts,
      };
      return { answer: issue(request), assumed };
    };

    it('gets those of its own grant', async () => {
      const scene = await setup();

      const { answer, assumed } = await ask(scene);

      expect(await answer).toEqual({ session: 'narrow' });
      expect(assumed).toEqual([{ grant: scene.run.order.grant, jobId: scene.jobId }]);
    });

    it('is refused with a wrong token', async () => {
      const { answer, assumed } = await ask(await setup(), { token: 'guessed' });

      await expect(answer).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(assumed).toEqual([]);
    });

    it('is refused once the job has ended', async () => {
      const scene = await setup();
      await cancelJob(scene.world)({ tenant: scene.tenant, jobId: scene.jobId });

      const { answer } = await ask(scene);

      await expect(answer).rejects.toMatchObject({ code: 'job_ended' });
    });

    it('is refused once a later attempt runs', async () => {
      const scene = await setup();
      await recordRunEvent(scene.world)(anEvent(scene.run, 'running', { attempt: 2 }));

      const [early, late] = [await ask(scene), await ask(scene, { attempt: 2 })];

      await expect(early.answer).rejects.toMatchObject({ code: 'attempt_over' });
      expect(await late.answer).toEqual({ session: 'narrow' });
    });
  });
});
