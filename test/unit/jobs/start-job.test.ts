import { dispatchJobs } from '../../../functions/queue/dispatch-jobs';
import { cancelJob } from '../../../functions/usecases/cancel-job';
import { failDispatch } from '../../../functions/usecases/fail-dispatch';
import { startJob } from '../../../functions/usecases/start-job';
import { submitInternalJob, submitJob } from '../../../functions/usecases/submit-job';
import { objectKeys } from '../../../shared/contracts/job-files';
import { runOrder } from '../../../shared/contracts/run-order';
import { ConfigurationError } from '../../../shared/errors/job-errors';
import { DependencyError } from '../../../shared/errors/store-errors';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { allOf, aProfile, aReadyDataset, aTrainedModel, openPorts, putObject, wireJobs } from './job-world';
import { type ScriptedRunner, scriptedRunner } from './scripted-runner';
import { anSqsEvent } from './small-cloud';

describe('dispatching a job', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup(runner: ScriptedRunner = scriptedRunner()) {
    const clock = steppedClock();
    const world = wireJobs({ ...ports, queue: await ports.openQueue(clock), runner }, clock);
    const tenant = aTenant();
    const start = startJob(world);
    async function submitted(spec: Record<string, unknown> = {}) {
      const dataset = await aReadyDataset(world, tenant);
      const whole = { dataset, target: 'species', register: { name: 'penguins' }, ...spec };
      const { id } = await submitJob(world)({ tenant, kind: 'train', spec: whole, timeout_seconds: 3_600 });
      return { tenant, jobId: id };
    }
    const read = async ({ jobId }: { jobId: string }) => {
      const job = await world.jobs.get(tenant, jobId);
      if (job === undefined) throw new Error('the job is gone');
      return job;
    };
    return { world, tenant, start, submitted, read, runner };
  }

  it('gives the container its order, its token, its resources and its share', async () => {
    const { world, tenant, start, submitted, read, runner } = await setup();
    const address = await submitted();

    await start(address);

    const run = runner.runOf(address.jobId);
    const job = await read(address);
    const { data, profile } = (await world.datasets.get({ tenant, id: String(job.spec.dataset) })) ?? {};
    const own = [objectKeys.jobPrefix(tenant, job.id), objectKeys.checkpointPrefix(tenant, job.id)];
    expect(run.order).toEqual({
      tenant,
      job_id: job.id,
      kind: 'train',
      spec: job.spec,
      inputs: {
        data: { key: data?.key, sha256: data?.sha256 },
        profile: { key: profile?.key, sha256: profile?.sha256 },
      },
      grant: { read: [data?.key, profile?.key, ...own], write: own },
    });
    expect(run.request).toMatchObject({
      tenant,
      attempts: 3,
      timeoutSeconds: 3_600,
      resources: { vcpus: 2 },
    });
    expect(run.request.environment).toMatchObject({ INGOT_CLOUD: 'embedded' });
    expect(run.request.shareIdentifier).toMatch(/^[a-z0-9]+$/);
    expect(job).toMatchObject({ state: 'dispatched', attempt: 1, reason: 'waiting for a machine' });
    expect(job.run).toMatchObject({ id: run.id, grant: run.order.grant });
    expect(JSON.stringify(job)).not.toContain(run.token);
    expect(Buffer.from(run.token, 'base64url')).toHaveLength(32);
  });

  it('names the test data, the model and its held-out rows by their roles', async () => {
    const { world, tenant, start, submitted, runner } = await setup();
    const test_dataset = await aReadyDataset(world, tenant);
    const { signature, metrics } = aTrainedModel('penguins');
    const files = await Promise.all(
      ['a', 'b'].map((name) => putObject(world.objects, `x/${tenant}/${name}`, name)),
    );
    const [artifact, testRows] = files;
    if (artifact === undefined || testRows === undefined) throw new Error('no files');
    const lineage = { dataset: test_dataset };
    const made = { artifact, testRows, signature, metrics, lineage, job: world.ids.next('job') };
    await world.models.registerVersion({ tenant, name: 'penguins', ...made });
    const training = await submitted({ test_dataset });
    const spec = { model: { name: 'penguins' } };
    const { id } = await submitJob(world)({ tenant, kind: 'compress', spec, timeout_seconds: 3_600 });

    await start(training);
    await start({ tenant, jobId: id });

    expect(Object.keys(runner.runOf(training.jobId).order.inputs)).toEqual([
      'data',
      'profile',
      'test_data',
      'test_profile',
    ]);
    expect(runner.runOf(id).order).toMatchObject({
      inputs: {
        model: { key: artifact.key, sha256: artifact.sha256 },
        test_rows: { key: testRows.key, sha256: testRows.sha256 },
      },
      model: { name: 'penguins', version: 1, signature, lineage: { ...lineage, job: made.job } },
    });
  });

  it('names the upload to the jobs of an upload', async () => {
    const { world, tenant, start, runner } = await setup();
    const dataset = world.ids.next('ds');
    const source = { bytes: 4, sha256: 'a'.repeat(64) };
    await world.datasets.create({ id: dataset, tenant, name: 'penguins' });
    await world.datasets.noteSource({ tenant, id: dataset, source });
    await world.models.reserveVersion({ tenant, name: 'imported' });
    const submit = submitInternalJob(world);
    const ingest = await submit({ tenant, kind: 'ingest', spec: { dataset } });
    const model = { name: 'imported', version: 1 };
    const imported = await submit({ tenant, kind: 'import', spec: { model } });

    for (const { id } of [ingest, imported]) await start({ tenant, jobId: id });

    const key = objectKeys.datasetSource(tenant, dataset);
    expect(runner.runOf(ingest.id).order.inputs).toEqual({ source: { key, sha256: source.sha256 } });
    expect(runner.runOf(imported.id).order).toMatchObject({
      inputs: { model: { key: objectKeys.modelUpload(tenant, 'imported', 1) } },
      model,
    });
  });

  it('puts an order that is too long for a variable into an object that the container may read', async () => {
    const runs: Record<string, string>[] = [];
    const runner: ScriptedRunner = {
      ...scriptedRunner(),
      async submit({ environment }) {
        runs.push(environment);
        return { runId: 'run_1' };
      },
    };
    const { world, start, submitted, read } = await setup(runner);
    const columns = Array.from({ length: 400 }, (_, index) => `column ${index} ${'x'.repeat(60)}`);
    const profile = aProfile({
      columns: [
        ...aProfile().columns,
        ...columns.map((name) => ({ name, type: 'number', missing: 0, distinct: 3 }) as const),
      ],
    });
    const dataset = await aReadyDataset(world, (await submitted()).tenant, profile);
    const address = await submitted({ dataset, features: { include: columns } });

    await start(address);

    const { INGOT_ORDER_KEY: key = '', ...environment } = runs[0] ?? {};
    expect(environment).not.toHaveProperty('INGOT_ORDER');
    const text = Buffer.concat(await allOf(await world.objects.get(key))).toString();
    const order = runOrder.parse(JSON.parse(text));
    expect(order.job_id).toBe(address.jobId);
    const { run } = await read(address);
    expect(run?.grant.read.some((prefix) => key.startsWith(prefix))).toBe(true);
  });

  it('starts one run for a message that comes twice, and for two at the same instant', async () => {
    const { start, submitted, runner } = await setup(scriptedRunner({ knowsTwins: false }));
    const address = await submitted();

    await Promise.all([start(address), start(address)]);
    await start(address);

    expect(runner.runs).toHaveLength(1);
  });

  it('leaves a job alone that was cancelled before', async () => {
    const { world, start, submitted, runner, read } = await setup();
    const address = await submitted();
    await cancelJob(world)(address);

    await start(address);

    expect(runner.runs).toEqual([]);
    expect((await read(address)).transitions.map(({ state }) => state)).toEqual(['queued', 'cancelled']);
  });

  it('stops the run of a job that was cancelled while it was submitted', async () => {
    const runner = scriptedRunner();
    let onSubmit = async (): Promise<unknown> => undefined;
    const { world, start, submitted, read } = await setup({
      ...runner,
      async submit(request) {
        await onSubmit();
        return runner.submit(request);
      },
    });
    const address = await submitted();
    onSubmit = () => cancelJob(world)(address);

    await start(address);

    expect(runner.runOf(address.jobId).stopped).toContain('cancelled');
    expect((await read(address)).state).toBe('cancelled');
  });

  it('gives the job back where the runner cannot take it now, for the next message to start it', async () => {
    const runner = scriptedRunner();
    let refusals = 1;
    const { world, start, submitted, read } = await setup({
      ...runner,
      async submit(request) {
        refusals -= 1;
        if (refusals >= 0) throw new DependencyError('Batch is busy', { retryable: true });
        return runner.submit(request);
      },
    });
    const address = await submitted();

    const first = start(address);
    await expect(first).rejects.toThrow('Batch is busy');
    const between = await read(address);
    await start(address);

    expect(between.state).toBe('queued');
    expect((await read(address)).state).toBe('dispatched');
    expect(runner.runOf(address.jobId).order.job_id).toBe(address.jobId);
    expect(world.lines).toEqual([]);
  });

  it('fails the job where the runner never can', async () => {
    const { start, submitted, read } = await setup({
      ...scriptedRunner(),
      async submit() {
        throw new ConfigurationError('no job definition for gpu');
      },
    });
    const address = await submitted();

    await start(address);

    const job = await read(address);
    expect(job).toMatchObject({
      state: 'failed',
      error: { code: 'configuration', detail: 'no job definition for gpu' },
    });
  });

  it('fails the job whose data set was deleted after it was submitted', async () => {
    const { world, tenant, start, submitted, read, runner } = await setup();
    const address = await submitted();
    await world.datasets.markDeleted({ tenant, id: String((await read(address)).spec.dataset) });

    await start(address);

    expect(await read(address)).toMatchObject({ state: 'failed', error: { code: 'not_found' } });
    expect(runner.runs).toEqual([]);
  });

  it('takes up a claim whose dispatcher died, with a token of its own that both runs may use', async () => {
    const { world, start, submitted, read, runner } = await setup();
    const address = await submitted();
    await start(address);
    const { token } = runner.runOf(address.jobId);
    await world.jobs.update(address.tenant, address.jobId, ({ run, ...job }) => {
      const { id: _lost, ...claim } = run ?? { token_hashes: [], grant: { read: [], write: [] } };
      return { ...job, state: 'queued', attempt: 0, run: claim };
    });

    await start(address);
    const early = await read(address);
    world.clock.advance(61);
    await start(address);

    expect(early.state).toBe('queued');
    const job = await read(address);
    expect(job.state).toBe('dispatched');
    expect(job.run?.token_hashes).toHaveLength(2);
    expect(runner.runOf(address.jobId).token).toBe(token);
  });

  describe('from the queue', () => {
    const message = (tenant: string, job_id: string) => JSON.stringify({ type: 'dispatch', tenant, job_id });

    const handlerOf = (world: Awaited<ReturnType<typeof setup>>['world'], start = startJob(world)) =>
      dispatchJobs({ ...world, startJob: start, failDispatch: failDispatch(world), maximumReceives: 5 });

    it('dispatches what it can, and hands back what may go well later', async () => {
      const { world, tenant, start, submitted } = await setup();
      const [good, busy] = [await submitted(), await submitted()];
      const handle = handlerOf(world, async (address) => {
        if (address.jobId === busy.jobId) throw new DependencyError('busy', { retryable: true });
        await start(address);
      });

      const { batchItemFailures } = await handle(
        anSqsEvent([
          { body: message(tenant, busy.jobId), receiveCount: 9 },
          { body: message(tenant, good.jobId) },
        ]),
      );

      expect(batchItemFailures).toEqual([{ itemIdentifier: 'message-0' }]);
      expect((await world.jobs.get(tenant, good.jobId))?.state).toBe('dispatched');
      expect((await world.jobs.get(tenant, busy.jobId))?.state).toBe('queued');
    });

    it('fails the job of a message that no repetition helps', async () => {
      const { world, tenant, submitted, read } = await setup();
      const address = await submitted();
      const handle = handlerOf(world, async () => {
        throw new TypeError('a bug');
      });
      const deliver = (receiveCount: number) =>
        handle(anSqsEvent([{ body: message(tenant, address.jobId), receiveCount }]));

      const fourth = await deliver(4);
      const fifth = await deliver(5);

      expect(fourth.batchItemFailures).toHaveLength(1);
      expect(fifth.batchItemFailures).toEqual([]);
      expect(await read(address)).toMatchObject({ state: 'failed', error: { code: 'dispatch_failed' } });
    });

    it.each(['', '{', '{"type":"dispatch"}', '{"type":"dispatch","tenant":"../x","job_id":"job_1"}'])(
      'drops a message that nobody can read: %s',
      async (body) => {
        const { world } = await setup();

        const { batchItemFailures } = await handlerOf(world)(anSqsEvent([{ body }]));

        expect(batchItemFailures).toEqual([]);
        expect(world.lines).toEqual([
          { message: 'dropped a dispatch message', line: { message_id: 'message-0' } },
        ]);
      },
    );

    it('is done with a job that is not there', async () => {
      const { world, tenant } = await setup();

      const answer = await handlerOf(world)(anSqsEvent([{ body: message(tenant, world.ids.next('job')) }]));

      expect(answer.batchItemFailures).toEqual([]);
    });
  });
});
