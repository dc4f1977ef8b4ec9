import { sweepOpenJobs } from '../../../functions/events/sweep-jobs';
import { cancelJob } from '../../../functions/usecases/cancel-job';
import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { submitInternalJob, submitJob } from '../../../functions/usecases/submit-job';
import { sweepJobs } from '../../../functions/usecases/sweep-jobs';
import { objectKeys } from '../../../shared/contracts/job-files';
import { DependencyError } from '../../../shared/errors/store-errors';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import {
  allOf,
  aReadyDataset,
  aTrainedModel,
  leaveOutput,
  openPorts,
  putObject,
  wireJobs,
} from './job-world';
import { anEvent, scriptedRunner } from './scripted-runner';

const day = 86_400;

describe('looking after open jobs', () => {
  /** A cloud for each test: a sweep sees every open job. */
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeEach(async () => {
    ports = await openPorts();
  });
  afterEach(() => ports.close());

  async function setup() {
    const clock = steppedClock();
    const runner = scriptedRunner();
    const queue = await ports.openQueue(clock);
    const world = wireJobs({ ...ports, queue, runner }, clock);
    const tenant = aTenant();
    async function submitted() {
      const dataset = await aReadyDataset(world, tenant);
      const spec = { dataset, target: 'species', register: { name: 'penguins', alias: 'production' } };
      const { id } = await submitJob(world)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });
      return { tenant, jobId: id };
    }
    async function dispatched() {
      const address = await submitted();
      await startJob(world)(address);
      return { address, run: runner.runOf(address.jobId) };
    }
    const read = async ({ jobId }: { jobId: string }) => {
      const job = await world.jobs.get(tenant, jobId);
      if (job === undefined) throw new Error('the job is gone');
      return job;
    };
    const drained = async () => {
      const messages = await queue.receive({ limit: 10, waitSeconds: 0 });
      for (const { receipt } of messages) await queue.acknowledge(receipt);
      return messages.length;
    };
    const indexed = async () => (await allOf(world.open.all())).map(({ job_id }) => job_id);
    return {
      world,
      tenant,
      clock,
      runner,
      submitted,
      dispatched,
      read,
      drained,
      indexed,
      sweep: sweepJobs(world),
    };
  }

  it('leaves alone what goes well', async () => {
    const { submitted, dispatched, drained, sweep } = await setup();
    await submitted();
    await dispatched();
    await drained();

    const report = await sweep();

    expect(report).toEqual({
      seen: 2,
      forgotten: 0,
      closed: 0,
      settled: 0,
      expired: 0,
      resent: 0,
      failed: 0,
    });
    expect(await drained()).toBe(0);
  });

  it('sends the message of a queued job again, once in a while, and says how many are before it', async () => {
    const { clock, submitted, drained, read, sweep } = await setup();
    const [, second] = [await submitted(), await submitted()];
    await drained();
    clock.advance(31);

    const reports = [await sweep(), await sweep()];

    expect(reports.map(({ resent }) => resent)).toEqual([2, 0]);
    expect(await drained()).toBe(2);
    expect((await read(second)).reason).toBe('queued behind 1 job');
  });

  it('has a job dispatched again whose dispatcher died behind its claim', async () => {
    const { world, clock, submitted, drained, read, sweep } = await setup();
    const address = await submitted();
    await drained();
    const dies = { ...world.runner, submit: () => new Promise<never>(() => undefined) };
    void startJob({ ...world, runner: dies })(address);
    while ((await read(address)).run === undefined);
    clock.advance(31);

    const early = await sweep();
    clock.advance(31);
    const late = await sweep();
    await startJob(world)(address);

    expect([early.resent, late.resent]).toEqual([0, 1]);
    expect((await read(address)).state).toBe('dispatched');
  });

  it('fails a job past its deadline, stops its run, and says what it was waiting for', async () => {
    const { world, tenant, clock, dispatched, read, indexed, sweep } = await setup();
    const { address, run } = await dispatched();
    await putObject(world.objects, `${objectKeys.checkpointPrefix(tenant, address.jobId)}1/state`, 'weights');
    await recordRunEvent(world)(anEvent(run, 'waiting', { reason: 'blocked by a quota' }));
    clock.advance(day + 3_601);

    const report = await sweep();

    const job = await read(address);
    expect(report.expired).toBe(1);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'deadline_exceeded' } });
    expect(job.error?.detail).toContain('blocked by a quota');
    expect(run.stopped).toContain(job.deadline_at);
    expect(await indexed()).toEqual([]);
    expect(await allOf(world.objects.list(objectKeys.checkpointPrefix(tenant, job.id)))).toEqual([]);
  });

  it('rejects the data set whose job missed its deadline', async () => {
    const { world, tenant, clock, sweep } = await setup();
    const id = world.ids.next('ds');
    await world.datasets.create({ id, tenant, name: 'penguins' });
    await submitInternalJob(world)({ tenant, kind: 'ingest', spec: { dataset: id } });
    clock.advance(2 * day);

    await sweep();

    const dataset = await world.datasets.get({ tenant, id });
    expect(dataset).toMatchObject({ state: 'rejected', errors: [{ code: 'job_failed' }] });
    expect(dataset?.errors?.[0]?.detail).toContain('had not ended by');
  });

  it('settles an end that was told and never recorded, even past the deadline', async () => {
    const { world, tenant, clock, dispatched, read, sweep } = await setup();
    const { address, run } = await dispatched();
    const output = { files: { 'model.onnx': 'onnx' }, result: aTrainedModel('penguins') };
    await leaveOutput(world.objects, { tenant, jobId: address.jobId, attempt: 1 }, output);
    const head = async () => {
      throw new DependencyError('no store', { retryable: true });
    };
    const record = recordRunEvent({ ...world, objects: { ...world.objects, head } });
    await expect(record(anEvent(run, 'succeeded'))).rejects.toThrow('no store');
    const between = await read(address);
    clock.advance(2 * day);

    const report = await sweep();

    expect(between.state).toBe('dispatched');
    expect(report.settled).toBe(1);
    expect(await read(address)).toMatchObject({ state: 'succeeded', output: { model: { version: 1 } } });
  });

  it('fails a job past its deadline whose end cannot be settled', async () => {
    const { world, clock, dispatched, read } = await setup();
    const { address, run } = await dispatched();
    const get = async () => {
      throw new DependencyError('no store', { retryable: true });
    };
    const broken = { ...world, objects: { ...world.objects, get } };
    await expect(recordRunEvent(broken)(anEvent(run, 'succeeded'))).rejects.toThrow('no store');
    clock.advance(120);

    const before = await sweepJobs(broken)();
    clock.advance(2 * day);
    const after = await sweepJobs(broken)();

    expect([before.failed, after.expired]).toEqual([1, 1]);
    expect(await read(address)).toMatchObject({ state: 'failed', error: { code: 'deadline_exceeded' } });
  });

  it('refuses to cancel a job whose end is being recorded', async () => {
    const { world, dispatched } = await setup();
    const { address, run } = await dispatched();
    const get = async () => {
      throw new DependencyError('no store', { retryable: true });
    };
    const record = recordRunEvent({ ...world, objects: { ...world.objects, get } });
    await expect(record(anEvent(run, 'succeeded'))).rejects.toThrow('no store');

    const cancel = cancelJob(world)(address);

    await expect(cancel).rejects.toThrow('is finishing');
  });

  it('closes a cancelled job that was left half closed', async () => {
    const { world, dispatched, indexed, sweep } = await setup();
    const { address, run } = await dispatched();
    const terminate = async () => {
      throw new DependencyError('Batch is busy', { retryable: true });
    };
    const cancelled = await cancelJob({ ...world, runner: { terminate } })(address);
    const left = await indexed();

    const report = await sweep();

    expect(cancelled.state).toBe('cancelled');
    expect(left).toEqual([address.jobId]);
    expect(report.closed).toBe(1);
    expect(run.stopped).toBe('cancelled by its owner');
    expect(await indexed()).toEqual([]);
  });

  it('forgets an entry whose job was never written, and not too soon', async () => {
    const { world, tenant, clock, indexed, sweep } = await setup();
    const job_id = world.ids.next('job');
    await world.open.add({ tenant, job_id, created_at: clock.now().toISOString() });
    clock.advance(60);

    const early = await sweep();
    clock.advance(600);
    const late = await sweep();

    expect([early.forgotten, late.forgotten]).toEqual([0, 1]);
    expect(await indexed()).toEqual([]);
  });

  it('goes on to the next job where one gives trouble', async () => {
    const { world, clock, submitted } = await setup();
    const [first, second] = [await submitted(), await submitted()];
    clock.advance(31);
    const get: typeof world.jobs.get = async (tenant, id) => {
      if (id === first.jobId) throw new TypeError('a bug');
      return world.jobs.get(tenant, id);
    };

    const report = await sweepJobs({ ...world, jobs: { ...world.jobs, get } })();

    expect(report).toMatchObject({ seen: 2, failed: 1, resent: 1 });
    expect(world.lines.at(-1)).toMatchObject({
      message: 'a job could not be swept',
      line: { job: first.jobId },
    });
    expect((await world.jobs.get(second.tenant, second.jobId))?.sent_at).toBe(clock.now().toISOString());
  });

  it('reads on through an index of many pages', async () => {
    const { world, tenant, clock, sweep } = await setup();
    const created_at = clock.now().toISOString();
    await Promise.all(
      Array.from({ length: 450 }, () =>
        world.open.add({ tenant, job_id: world.ids.next('job'), created_at }),
      ),
    );

    const [report, counted, capped] = [
      await sweep(),
      await world.open.count(tenant, 1_000),
      await world.open.count(tenant, 100),
    ];

    expect(report.seen).toBe(450);
    expect([counted, capped]).toEqual([450, 100]);
    expect(await world.open.count('somebody-else', 100)).toBe(0);
  });

  it('tells what it did in one line', async () => {
    const { world, submitted } = await setup();
    await submitted();
    const lines: unknown[] = [];
    const log = { info: (message: string, report: object) => void lines.push({ message, ...report }) };

    await sweepOpenJobs({ sweepJobs: sweepJobs(world), log })();

    expect(lines).toEqual([expect.objectContaining({ message: 'swept the open jobs', seen: 1 })]);
  });
});
