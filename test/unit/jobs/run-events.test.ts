import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { submitInternalJob, submitJob } from '../../../functions/usecases/submit-job';
import { jobTransitions } from '../../../shared/contracts/job';
import { objectKeys } from '../../../shared/contracts/job-files';
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

describe('recording what a run tells', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup() {
    const runner = scriptedRunner();
    const clock = steppedClock();
    const world = wireJobs({ ...ports, queue: await ports.openQueue(clock), runner }, clock);
    const tenant = aTenant();
    const record = recordRunEvent(world);
    const read = async (id: string) => {
      const job = await world.jobs.get(tenant, id);
      if (job === undefined) throw new Error('the job is gone');
      return job;
    };
    async function dispatched() {
      const dataset = await aReadyDataset(world, tenant);
      const spec = { dataset, target: 'species', register: { name: 'penguins', alias: 'production' } };
      const { id } = await submitJob(world)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });
      await startJob(world)({ tenant, jobId: id });
      return { id, run: runner.runOf(id) };
    }
    async function dispatchedIngest() {
      const dataset = world.ids.next('ds');
      await world.datasets.create({ id: dataset, tenant, name: 'penguins' });
      const { id } = await submitInternalJob(world)({ tenant, kind: 'ingest', spec: { dataset } });
      await startJob(world)({ tenant, jobId: id });
      return { id, dataset, run: runner.runOf(id) };
    }
    return { world, tenant, runner, record, read, dispatched, dispatchedIngest };
  }

  it('registers the model before the job says that it succeeded', async () => {
    const { world, tenant, record, read, dispatched } = await setup();
    const { id, run } = await dispatched();
    await putObject(world.objects, `${objectKeys.checkpointPrefix(tenant, id)}1/state`, 'weights');
    for (const state of ['starting', 'running'] as const) await record(anEvent(run, state));
    const output = { files: { 'model.onnx': 'onnx' }, result: aTrainedModel('penguins') };
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, output);

    await record(anEvent(run, 'succeeded'));

    const job = await read(id);
    expect(job).toMatchObject({
      state: 'succeeded',
      progress: { fraction: 1 },
      output: { model: { name: 'penguins', version: 1 }, metrics: { test: { accuracy: 0.98 } } },
    });
    expect(job.transitions.map(({ state }) => state)).toEqual([
      'queued',
      'dispatched',
      'starting',
      'running',
      'succeeded',
    ]);
    expect(await world.models.resolve({ tenant, name: 'penguins' })).toEqual({ version: 1 });
    expect(await allOf(world.objects.list(objectKeys.checkpointPrefix(tenant, id)))).toEqual([]);
    expect((await allOf(world.open.all())).map(({ job_id }) => job_id)).not.toContain(id);
  });

  it('takes every event twice as once', async () => {
    const { world, tenant, record, read, dispatched } = await setup();
    const { id, run } = await dispatched();
    const output = { files: { 'model.onnx': 'onnx' }, result: aTrainedModel('penguins') };
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, output);

    for (const state of ['running', 'starting', 'succeeded', 'running', 'succeeded'] as const) {
      await Promise.all([record(anEvent(run, state)), record(anEvent(run, state))]);
    }

    const job = await read(id);
    expect(job.transitions.filter(({ state }) => state === 'succeeded')).toHaveLength(1);
    expect((await world.models.getModel({ tenant, name: 'penguins' }))?.latest_version).toBe(1);
    expect(run.stopped).toBeUndefined();
  });

  it('goes on with the next attempt after an interruption', async () => {
    const { record, read, dispatched } = await setup();
    const { id, run } = await dispatched();
    await record(anEvent(run, 'running'));

    await record(anEvent(run, 'interrupted', { reason: 'Host EC2 (instance i-1) terminated.' }));
    const interrupted = await read(id);
    await record(anEvent(run, 'waiting', { attempt: 2, reason: 'waiting for capacity' }));
    const waiting = await read(id);
    await record(anEvent(run, 'running', { attempt: 2 }));

    expect(interrupted).toMatchObject({ state: 'interrupted', attempt: 1 });
    expect(interrupted.reason).toContain('Host EC2 (instance i-1) terminated.');
    expect(waiting).toMatchObject({ state: 'queued', attempt: 2, reason: 'waiting for capacity' });
    const job = await read(id);
    expect(job).toMatchObject({ state: 'running', attempt: 2 });
    expect(job.reason).toBeUndefined();
  });

  it('says why a dispatched job waits, and keeps to the newest reason', async () => {
    const { record, read, dispatched } = await setup();
    const { id, run } = await dispatched();

    await record(anEvent(run, 'waiting', { reason: 'blocked by a quota', at: '2026-01-01T00:05:00.000Z' }));
    await record(anEvent(run, 'waiting', { reason: 'old news', at: '2026-01-01T00:04:00.000Z' }));

    expect(await read(id)).toMatchObject({ state: 'dispatched', reason: 'blocked by a quota' });
  });

  describe('a success that is none', () => {
    const output = { files: { 'model.onnx': 'onnx' }, result: aTrainedModel('penguins') };

    it.each([
      {
        title: 'no manifest',
        spoil: async () => undefined,
        detail: 'left no manifest',
      },
      {
        title: 'a manifest that is no JSON',
        spoil: ({ objects, manifestKey }: Spoiling) => putObject(objects, manifestKey, '{'),
        detail: 'the manifest of the run is not valid',
      },
      {
        title: 'the manifest of another attempt',
        spoil: async ({ objects, manifestKey, address }: Spoiling) => {
          const manifest = await leaveOutput(objects, address, output);
          await putObject(objects, manifestKey, JSON.stringify({ ...manifest, attempt: 2 }));
        },
        detail: 'of attempt 2',
      },
      {
        title: 'a file that is gone',
        spoil: async ({ objects, address }: Spoiling) => {
          const { files } = await leaveOutput(objects, address, output);
          await objects.remove(files['model.onnx']?.key ?? '');
        },
        detail: "the output 'model.onnx' is not in the store",
      },
      {
        title: 'a file with other bytes',
        spoil: async ({ objects, address }: Spoiling) => {
          const { files } = await leaveOutput(objects, address, output);
          await putObject(objects, files['model.onnx']?.key ?? '', 'ONNX');
        },
        detail: 'has another SHA-256',
      },
      {
        title: 'a file of another job',
        spoil: async ({ objects, address, manifestKey }: Spoiling) => {
          const manifest = await leaveOutput(objects, address, output);
          const stolen = await putObject(objects, `artifacts/${address.tenant}/other/model.onnx`, 'onnx');
          const files = { 'model.onnx': stolen };
          await putObject(objects, manifestKey, JSON.stringify({ ...manifest, files }));
        },
        detail: 'is outside',
      },
      {
        title: 'a result of another kind of job',
        spoil: ({ objects, address }: Spoiling) =>
          leaveOutput(objects, address, {
            files: {},
            result: { type: 'dataset_rejected', errors: [], truncated: false },
          }),
        detail: "a job of kind 'train' has no result 'dataset_rejected'",
      },
      {
        title: 'a model under a name that the spec does not give',
        spoil: ({ objects, address }: Spoiling) =>
          leaveOutput(objects, address, { ...output, result: aTrainedModel('other') }),
        detail: "its spec says 'penguins'",
      },
      {
        title: 'a result that names no file of the manifest',
        spoil: ({ objects, address }: Spoiling) => leaveOutput(objects, address, { ...output, files: {} }),
        detail: "lists no file 'model.onnx'",
      },
    ])('fails for $title', async ({ spoil, detail }) => {
      const { world, tenant, record, read, dispatched } = await setup();
      const { id, run } = await dispatched();
      const address = { tenant, jobId: id, attempt: 1 };
      await spoil({ objects: world.objects, address, manifestKey: objectKeys.manifest(tenant, id, 1) });

      await record(anEvent(run, 'succeeded'));

      expect(await read(id)).toMatchObject({ state: 'failed', error: { code: 'output_unverified' } });
      expect((await read(id)).error?.detail).toContain(detail);
      expect(await world.models.getModel({ tenant, name: 'penguins' })).toBeUndefined();
    });
  });

  it('rejects a data set with as many of its errors as a record holds', async () => {
    const { world, tenant, record, read, dispatchedIngest } = await setup();
    const { id, dataset, run } = await dispatchedIngest();
    const errors = Array.from({ length: 1_000 }, (_, line) => ({
      line,
      code: 'nested_value' as const,
      detail: `the column '${'x'.repeat(1_000)}' holds an object`,
    }));
    const result = { type: 'dataset_rejected', errors, truncated: false } as const;
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, { files: {}, result });

    await record(anEvent(run, 'succeeded'));

    expect(await read(id)).toMatchObject({ state: 'succeeded' });
    const rejected = await world.datasets.get({ tenant, id: dataset });
    expect(rejected).toMatchObject({ state: 'rejected', errors_truncated: true });
    expect(rejected?.errors?.length).toBeGreaterThan(100);
  });

  it('makes an ingested data set ready', async () => {
    const { world, tenant, record, read, dispatchedIngest } = await setup();
    const { id, dataset, run } = await dispatchedIngest();
    const result = {
      type: 'dataset_ready',
      rows: 3,
      data: 'data.parquet',
      profile: 'profile.json',
    } as const;
    const files = { 'data.parquet': 'rows', 'profile.json': '{}' };
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, { files, result });

    await record(anEvent(run, 'succeeded'));

    expect(await read(id)).toMatchObject({ state: 'succeeded' });
    expect(await world.datasets.get({ tenant, id: dataset })).toMatchObject({ state: 'ready', rows: 3 });
  });

  it('fails a run that points an alias at its model which the spec does not name', async () => {
    const { world, tenant, record, read, dispatched } = await setup();
    const { id, run } = await dispatched();
    const register = { name: 'penguins', alias: 'canary' };
    const output = { files: { 'model.onnx': 'onnx' }, result: { ...aTrainedModel('penguins'), register } };
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, output);

    await record(anEvent(run, 'succeeded'));

    expect(await read(id)).toMatchObject({ state: 'failed', error: { code: 'output_unverified' } });
    expect((await read(id)).error?.detail).toContain('canary');
    expect(await world.models.getModel({ tenant, name: 'penguins' })).toBeUndefined();
  });

  it('fails an ingest whose data set was deleted meanwhile', async () => {
    const { world, tenant, record, read, dispatchedIngest } = await setup();
    const { id, dataset, run } = await dispatchedIngest();
    const result = {
      type: 'dataset_ready',
      rows: 3,
      data: 'data.parquet',
      profile: 'profile.json',
    } as const;
    const files = { 'data.parquet': 'rows', 'profile.json': '{}' };
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, { files, result });
    await world.datasets.markDeleted({ tenant, id: dataset });

    await record(anEvent(run, 'succeeded'));

    expect(await read(id)).toMatchObject({ state: 'failed', error: { code: 'superseded' } });
  });

  it('rejects the data set of an ingest that failed, and names the job', async () => {
    const { world, tenant, record, read, dispatchedIngest } = await setup();
    const { id, dataset, run } = await dispatchedIngest();

    await record(anEvent(run, 'failed', { exit_code: 137 }));

    expect(await read(id)).toMatchObject({ state: 'failed', error: { code: 'killed' } });
    const rejected = await world.datasets.get({ tenant, id: dataset });
    expect(rejected).toMatchObject({ state: 'rejected', errors: [{ code: 'job_failed' }] });
    expect(rejected?.errors?.[0]?.detail).toContain(id);
  });

  it.each([
    { exit_code: 64, code: 'bad_spec' },
    { exit_code: 65, code: 'unusable_data' },
    { exit_code: 70, code: 'internal' },
    { exit_code: 75, code: 'retries_exhausted' },
    { exit_code: 78, code: 'configuration' },
    { exit_code: 137, code: 'killed' },
    {
      exit_code: 137,
      reason: 'OutOfMemoryError: Container killed due to memory usage',
      code: 'out_of_memory',
    },
    { exit_code: 143, reason: 'timeout after 60 s', code: 'timed_out' },
    { exit_code: 137, reason: 'Job attempt duration exceeded timeout', code: 'timed_out' },
    { reason: 'CannotPullContainerError: manifest unknown', code: 'not_started' },
    { reason: 'Host EC2 (instance i-0a1) terminated.', code: 'retries_exhausted' },
    { exit_code: 3, code: 'run_failed' },
    { code: 'run_failed' },
  ])('fails with a code that says why: %j', async ({ code, ...facts }) => {
    const { record, read, dispatched } = await setup();
    const { id, run } = await dispatched();

    await record(anEvent(run, 'failed', facts));

    const { error, state } = await read(id);
    expect(state).toBe('failed');
    expect(error?.code).toBe(code);
    if ('reason' in facts) expect(error?.detail).toContain(facts.reason);
  });

  it('fails in the words that the last attempt left', async () => {
    const { world, tenant, record, read, dispatched } = await setup();
    const { id, run } = await dispatched();
    const failure = { code: 'diverged', detail: 'training diverged at step 12' };
    await putObject(world.objects, objectKeys.failure(tenant, id, 2), JSON.stringify(failure));

    await record(anEvent(run, 'failed', { attempt: 2, exit_code: 65 }));

    expect((await read(id)).error).toEqual(failure);
  });

  it('leaves a cancelled job alone, and stops what still runs of it', async () => {
    const { world, tenant, record, read, dispatched } = await setup();
    const { id, run } = await dispatched();
    const output = { files: { 'model.onnx': 'onnx' }, result: aTrainedModel('penguins') };
    await leaveOutput(world.objects, { tenant, jobId: id, attempt: 1 }, output);
    await world.jobs.update(tenant, id, (job) => ({
      ...job,
      state: 'cancelled',
      transitions: [...job.transitions, { state: 'cancelled', at: job.created_at }],
    }));

    await record(anEvent(run, 'running'));
    await record(anEvent(run, 'succeeded'));

    expect((await read(id)).state).toBe('cancelled');
    expect(run.stopped).toContain('cancelled');
    expect(await world.models.getModel({ tenant, name: 'penguins' })).toBeUndefined();
  });

  it('stops a second run of one job, and listens to the first alone', async () => {
    const { record, read, dispatched, runner } = await setup();
    const { id, run } = await dispatched();
    const twin = { ...run, id: 'run_twin' };
    runner.runs.push(twin);

    await record(anEvent(twin, 'running'));
    await record(anEvent(twin, 'failed', { exit_code: 70 }));

    expect(twin.stopped).toContain(run.id);
    expect(run.stopped).toBeUndefined();
    expect((await read(id)).state).toBe('dispatched');
  });

  it('stops a run of a job that is not there', async () => {
    const { record, dispatched, world } = await setup();
    const { run } = await dispatched();

    await record(anEvent(run, 'running', { job_id: world.ids.next('job') }));

    expect(run.stopped).toBe('no job asks for this run');
  });

  it('has told only legal moves in the end', async () => {
    const { record, read, dispatched } = await setup();
    const { id, run } = await dispatched();

    for (const [state, attempt] of [
      ['running', 2],
      ['interrupted', 1],
      ['starting', 3],
    ] as const) {
      await record(anEvent(run, state, { attempt }));
    }

    const { transitions } = await read(id);
    for (const [index, { state }] of transitions.slice(1).entries()) {
      expect(jobTransitions[transitions[index]?.state ?? 'failed']).toContain(state);
    }
    expect(transitions.at(-1)?.state).toBe('starting');
  });
});

interface Spoiling {
  objects: Parameters<typeof leaveOutput>[0];
  address: { tenant: string; jobId: string; attempt: number };
  manifestKey: string;
}
