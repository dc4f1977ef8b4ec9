import { checkColumns } from '../../../functions/usecases/check-columns';
import { submitInternalJob, submitJob } from '../../../functions/usecases/submit-job';
import { dispatchMessage } from '../../../shared/contracts/events';
import { jobSpecs } from '../../../shared/contracts/job';
import { AppError } from '../../../shared/errors/app-error';
import { DependencyError } from '../../../shared/errors/store-errors';
import { publicJob } from '../../../shared/stores/job-record';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { allOf, aProfile, aReadyDataset, openPorts, wireJobs } from './job-world';
import { scriptedRunner } from './scripted-runner';

describe('submitting a job', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup() {
    const clock = steppedClock();
    const queue = await ports.openQueue(clock);
    const world = wireJobs({ ...ports, queue, runner: scriptedRunner() }, clock);
    const tenant = aTenant();
    const dataset = await aReadyDataset(world, tenant);
    const submit = submitJob(world);
    const train = (spec: Record<string, unknown> = {}) =>
      submit({
        tenant,
        kind: 'train',
        spec: { dataset, target: 'species', register: { name: 'penguins' }, ...spec },
        timeout_seconds: 3_600,
      });
    const sent = async () => {
      const messages = await queue.receive({ limit: 10, waitSeconds: 0 });
      return messages.map(({ body }) => dispatchMessage.parse(JSON.parse(body)));
    };
    return { world, tenant, dataset, submit, train, sent };
  }

  const refusalOf = async (work: Promise<unknown>): Promise<AppError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof AppError) return error;
    throw new Error(`no refusal but ${String(error)}`);
  };

  it('queues the job with its deadline, its defaults and why it waits, and sends one message', async () => {
    const { world, tenant, dataset, train, sent } = await setup();

    const job = await train();

    expect(job).toMatchObject({
      object: 'job',
      kind: 'train',
      state: 'queued',
      attempt: 0,
      reason: 'next to be dispatched',
      created_at: '2026-01-01T00:00:00.000Z',
      deadline_at: '2026-01-02T01:00:00.000Z',
      progress: { fraction: 0, metrics: {} },
      spec: jobSpecs.train.parse({ dataset, target: 'species', register: { name: 'penguins' } }),
      resources: { accelerator: 'auto', vcpus: 2, memory_mib: 4096 },
    });
    expect(job).not.toHaveProperty('tenant');
    expect(await sent()).toEqual([{ type: 'dispatch', tenant, job_id: job.id }]);
    const stored = await world.jobs.get(tenant, job.id);
    expect(stored && publicJob(stored)).toEqual(job);
  });

  it('says behind how many jobs it waits', async () => {
    const { train } = await setup();
    await train();
    const second = await train();

    const third = await train();

    expect(second.reason).toBe('queued behind 1 job');
    expect(third.reason).toBe('queued behind 2 jobs');
  });

  it("lists a tenant's own jobs, newest first, page by page", async () => {
    const { world, tenant, train } = await setup();
    const other = aTenant();
    const ids = [await train(), await train(), await train()].map(({ id }) => id);

    const first = await world.jobs.list(tenant, { limit: 2, order: 'desc' });
    const rest = await world.jobs.list(tenant, { limit: 2, order: 'desc', after: first.jobs.at(-1)?.id });
    const others = await world.jobs.list(other, { limit: 2, order: 'desc' });

    expect([...first.jobs, ...rest.jobs].map(({ id }) => id)).toEqual(ids.toReversed());
    expect([first.hasMore, rest.hasMore]).toEqual([true, false]);
    expect(others.jobs).toEqual([]);
  });

  it('is accepted although the queue cannot be reached: the sweep sends the message', async () => {
    const { world, tenant, dataset } = await setup();
    const send = async () => {
      throw new DependencyError('no queue', { retryable: true });
    };
    const spec = { dataset, target: 'species', register: { name: 'penguins' } };

    const submit = submitJob({ ...world, queue: { send } });
    const job = await submit({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });

    expect((await world.jobs.get(tenant, job.id))?.state).toBe('queued');
    expect((await allOf(world.open.all())).map(({ job_id }) => job_id)).toContain(job.id);
    expect(world.lines.at(-1)).toEqual({
      message: 'a dispatch message was not sent yet',
      line: { tenant, job: job.id },
    });
  });

  it.each([
    { title: 'an unknown key', spec: { learnig_rate: 1 }, pointer: '/spec/learnig_rate' },
    {
      title: 'a negative learning rate',
      spec: { optimizer: { name: 'adam', learning_rate: -0.1 } },
      pointer: '/spec/optimizer/learning_rate',
    },
    {
      title: 'a learning rate that is no number',
      spec: { optimizer: { name: 'adam', learning_rate: Number.NaN } },
      pointer: '/spec/optimizer/learning_rate',
    },
    { title: 'no target', spec: { target: undefined }, pointer: '/spec/target' },
    {
      title: 'nothing left to train on',
      spec: { validation_fraction: 0.5, test_fraction: 0.5 },
      pointer: '/spec/test_fraction',
    },
    {
      title: 'a model name with ../',
      spec: { register: { name: '../etc' } },
      pointer: '/spec/register/name',
    },
  ])('refuses $title, and says where it is', async ({ spec, pointer }) => {
    const { world, tenant, train, sent } = await setup();

    const refusal = await refusalOf(train(spec));

    expect(refusal.code).toBe('bad_spec');
    expect(refusal.details.errors?.map((error) => error.pointer)).toContain(pointer);
    expect((await world.jobs.list(tenant, { limit: 1, order: 'desc' })).jobs).toEqual([]);
    expect(await sent()).toEqual([]);
  });

  it('refuses a target that the data set does not have, and names what it may have meant', async () => {
    const { train } = await setup();

    const refusal = await refusalOf(
      train({ target: 'Specis', features: { include: ['flipper_length', 'beak'], exclude: ['wing'] } }),
    );

    expect(refusal.code).toBe('bad_spec');
    expect(refusal.details.errors?.map(({ pointer }) => pointer)).toEqual([
      '/spec/target',
      '/spec/features/include/1',
      '/spec/features/exclude/0',
    ]);
    expect(refusal.message).toContain("no column 'Specis'; the most like it are 'species', 'flipper_length'");
  });

  it('refuses the target as a feature of itself', async () => {
    const { train } = await setup();

    const refusal = await refusalOf(train({ features: { include: ['flipper_length', 'species'] } }));

    expect(refusal.details.errors).toEqual([
      { pointer: '/spec/features/include/1', detail: "'species' is the target, and cannot be a feature too" },
    ]);
  });

  it('refuses a target that is missing in every row', async () => {
    const { world, tenant, train } = await setup();
    const [species, length] = aProfile().columns;
    const columns = [species, length].flatMap((column) => (column ? [{ ...column, missing: 3 }] : []));
    const dataset = await aReadyDataset(world, tenant, aProfile({ columns }));

    const refusal = await refusalOf(train({ dataset }));

    expect(refusal).toMatchObject({ code: 'target_all_missing', fault: 'caller' });
  });

  it.each([
    {
      what: 'lists for a family of plain columns',
      spec: {},
      says: "the family mlp reads no lists of numbers, which 'song' holds",
    },
    {
      what: 'a family of images for plain columns',
      spec: { model: { family: 'cnn' }, features: { exclude: ['song'] } },
      says: "the family cnn reads a column of images or lists of numbers, and the features have none: they are 'flipper_length' (number)",
    },
  ])('refuses $what', async ({ spec, says }) => {
    const { world, tenant, train } = await setup();
    const song = { name: 'song', type: 'numbers' as const, missing: 0, distinct: 3 };
    const dataset = await aReadyDataset(world, tenant, aProfile({ columns: [...aProfile().columns, song] }));

    const refusal = await refusalOf(train({ dataset, ...spec }));

    expect(refusal.details.errors?.map(({ pointer }) => pointer)).toEqual(['/spec/model/family']);
    expect(refusal.message).toContain(says);
  });

  it('refuses a test data set without the target', async () => {
    const { world, tenant, train } = await setup();
    const columns = aProfile().columns.filter(({ name }) => name !== 'species');
    const test_dataset = await aReadyDataset(world, tenant, aProfile({ columns }));

    const refusal = await refusalOf(train({ test_dataset }));

    expect(refusal.details.errors?.map(({ pointer }) => pointer)).toEqual(['/spec/test_dataset']);
  });

  it("refuses a data set that is not there, and another tenant's in the same words", async () => {
    const { world, train } = await setup();
    const [absent, foreign] = [world.ids.next('ds'), await aReadyDataset(world, aTenant())];

    const refusals = await Promise.all(
      [absent, foreign].map(async (dataset) => ({ dataset, refusal: await refusalOf(train({ dataset })) })),
    );

    for (const { dataset, refusal } of refusals) {
      expect(refusal).toMatchObject({ code: 'not_found', message: `no data set named '${dataset}'` });
    }
  });

  it('refuses a data set that is not ready, and says what it is', async () => {
    const { world, tenant, train } = await setup();
    const dataset = world.ids.next('ds');
    await world.datasets.create({ id: dataset, tenant, name: 'penguins' });

    const refusal = await refusalOf(train({ dataset }));

    expect(refusal).toMatchObject({ code: 'dataset_not_ready' });
    expect(refusal.message).toContain('awaiting_upload');
  });

  it.each([
    { title: 'a model', model: { name: 'nobody' }, code: 'not_found' },
    { title: 'a version', model: { name: 'imported', version: 7 }, code: 'not_found' },
    { title: 'an alias', model: { name: 'imported', alias: 'production' }, code: 'not_found' },
    {
      title: 'a version that awaits its upload',
      model: { name: 'imported', version: 1 },
      code: 'version_not_ready',
    },
  ])('refuses to compress $title that cannot be used', async ({ model, code }) => {
    const { world, tenant, submit } = await setup();
    await world.models.reserveVersion({ tenant, name: 'imported' });

    const refusal = await refusalOf(
      submit({ tenant, kind: 'compress', spec: { model }, timeout_seconds: 3_600 }),
    );

    expect(refusal.code).toBe(code);
  });

  it.each(['ingest', 'import'] as const)('refuses a caller the kind %s', async (kind) => {
    const { tenant, submit } = await setup();

    const refusal = await refusalOf(submit({ tenant, kind, spec: {}, timeout_seconds: 3_600 }));

    expect(refusal.details.errors?.map(({ pointer }) => pointer)).toEqual(['/kind']);
    expect(refusal.message).toContain('train, compress');
  });

  it('fails for a profile that cannot be read, which is not the caller’s doing', async () => {
    const { world, tenant, dataset } = await setup();
    const { profile } = (await world.datasets.get({ tenant, id: dataset })) ?? {};
    await world.objects.put(profile?.key ?? '', Buffer.from('{'));
    const spec = { dataset, target: 'species', register: { name: 'penguins' } };

    const refusal = await refusalOf(checkColumns(world, { tenant, kind: 'train', spec }));

    expect(refusal).toMatchObject({ code: 'integrity', fault: 'service' });
  });

  it('submits an internal job once under one key, also at the same instant', async () => {
    const { world, tenant, sent } = await setup();
    const submission = {
      tenant,
      kind: 'ingest',
      spec: { dataset: world.ids.next('ds') },
      deduplicationKey: 'ingest:1',
    } as const;

    const answers = await Promise.all([1, 2, 3].map(() => submitInternalJob(world)(submission)));
    const later = await submitInternalJob(world)(submission);

    expect(new Set([...answers, later].map(({ id }) => id)).size).toBe(1);
    expect((await world.jobs.list(tenant, { limit: 10, order: 'desc' })).jobs).toHaveLength(1);
    expect(new Set((await sent()).map(({ job_id }) => job_id)).size).toBe(1);
  });
});
