import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { submitJob } from '../../../functions/usecases/submit-job';
import type { JobManifest } from '../../../shared/contracts/events';
import type { ModelSignature } from '../../../shared/contracts/model';
import { AppError } from '../../../shared/errors/app-error';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { aReadyDataset, leaveOutput, openPorts, putObject, wireJobs } from './job-world';
import { anEvent, scriptedRunner } from './scripted-runner';

const signature: ModelSignature = {
  task: 'classification',
  inputs: [{ name: 'flipper_length', type: 'number', element_type: 'float', shape: [], nullable: true }],
  outputs: [{ name: 'probabilities', type: 'number', element_type: 'float', shape: [3] }],
  target: 'species',
  classes: ['Adelie', 'Chinstrap', 'Gentoo'],
};

const split = { seed: 1, validation_fraction: 0.1, test_fraction: 0.2 };
const student = { family: 'mlp', hidden_units: [8] };

const kept = (version = 1): JobManifest['result'] => ({
  type: 'model_kept',
  model: { name: 'penguins', version },
  metrics: { compression: { chosen: { id: 'original' } } },
});

describe('a compress job', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup({ known = signature, heldOut = true, trained = true } = {}) {
    const clock = steppedClock();
    const runner = scriptedRunner();
    const world = wireJobs({ ...ports, queue: await ports.openQueue(clock), runner }, clock);
    const tenant = aTenant();
    const dataset = await aReadyDataset(world, tenant);
    const artifact = await putObject(world.objects, `x/${tenant}/model.onnx`, 'onnx');
    const testRows = heldOut ? await putObject(world.objects, `x/${tenant}/rows`, 'rows') : undefined;
    const lineage = trained ? { dataset, split } : {};
    const made = { artifact, metrics: {}, job: world.ids.next('job') };
    await world.models.registerVersion({
      tenant,
      name: 'penguins',
      ...made,
      testRows,
      signature: known,
      lineage,
    });
    const others = { ...signature, classes: ['cat', 'dog'] };
    await world.models.registerVersion({
      tenant,
      name: 'pets',
      ...made,
      testRows: undefined,
      signature: others,
      lineage: {},
    });
    const submit = (spec: object = {}) =>
      submitJob(world)({
        tenant,
        kind: 'compress',
        spec: { model: { name: 'penguins' }, ...spec },
        timeout_seconds: 3_600,
      });
    const end = async (id: string, result: JobManifest['result']) => {
      await startJob(world)({ tenant, jobId: id });
      await leaveOutput(
        world.objects,
        { tenant, jobId: id, attempt: 1 },
        { files: { 'report.json': '{}' }, result },
      );
      await recordRunEvent(world)(anEvent(runner.runOf(id), 'succeeded'));
      return world.jobs.get(tenant, id);
    };
    const inputsOf = async (id: string) => {
      await startJob(world)({ tenant, jobId: id });
      return Object.keys(runner.runOf(id).order.inputs);
    };
    return { tenant, world, dataset, submit, end, inputsOf };
  }

  const refusalOf = async (work: Promise<unknown>): Promise<AppError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof AppError) return error;
    throw new Error(`no refusal but ${String(error)}`);
  };

  it('reads what the model was trained on, and what its training held out', async () => {
    const { submit, inputsOf } = await setup();

    const { id } = await submit();

    expect(await inputsOf(id)).toEqual(['model', 'test_rows', 'data']);
  });

  it('does with the held-out rows where the data set is gone', async () => {
    const { submit, inputsOf } = await setup({ trained: false });

    const { id } = await submit();

    expect(await inputsOf(id)).toEqual(['model', 'test_rows']);
  });

  it('reads a teacher where a step names one', async () => {
    const { submit, inputsOf } = await setup();
    const methods = [{ name: 'distill', student, teacher: { name: 'penguins', version: 1 } }];

    const { id } = await submit({ methods });

    expect(await inputsOf(id)).toEqual(['model', 'test_rows', 'data', 'teacher']);
  });

  it('shows the version that it kept, and registers nothing, where nothing keeps the contract', async () => {
    const { tenant, world, submit, end } = await setup();
    const { id } = await submit();

    const job = await end(id, kept());

    expect(job).toMatchObject({
      state: 'succeeded',
      output: { model: { name: 'penguins', version: 1 }, metrics: { compression: expect.anything() } },
    });
    await expect(world.models.getVersion({ tenant, name: 'penguins', version: 2 })).resolves.toBeUndefined();
  });

  it('fails where its run says that it kept another version', async () => {
    const { submit, end } = await setup();
    const { id } = await submit({ model: { name: 'penguins', version: 1 } });

    const job = await end(id, kept(2));

    expect(job).toMatchObject({ state: 'failed', error: { code: 'output_unverified' } });
  });

  it.each([
    {
      title: 'a metric of another task',
      given: {},
      spec: { contract: { metric: 'rmse' } },
      pointer: '/spec/contract/metric',
      words:
        /rmse is a metric of regression, and the model's task is classification; these data allow accuracy/,
    },
    {
      title: 'a metric that the data set has no truth for',
      given: { known: { ...signature, target: 'origin' } },
      spec: { contract: { metric: 'accuracy' } },
      withData: true,
      pointer: '/spec/contract/metric',
      words:
        /accuracy needs the truth, and the data set has no column 'origin'; these data allow agreement, fidelity/,
    },
    {
      title: 'data without a column of the model',
      given: { known: { ...signature, inputs: [{ ...signature.inputs[0], name: 'fliper_length' }] } },
      spec: {},
      withData: true,
      pointer: '/spec/dataset',
      words: /'fliper_length' of the data set is not there; the most like it are 'flipper_length'/,
    },
    {
      title: 'a teacher of other classes',
      given: {},
      spec: { methods: [{ name: 'distill', student, teacher: { name: 'pets' } }] },
      pointer: '/spec/methods',
      words: /'pets' tells the classes 'cat', 'dog' apart, and the model that is compressed 'Adelie'/,
    },
    {
      title: 'a model without any rows',
      given: { heldOut: false, trained: false },
      spec: {},
      pointer: '/spec/dataset',
      words: /came without held-out rows to be measured on; give a dataset/,
    },
    {
      title: 'a step that there is not',
      given: {},
      spec: { methods: [{ name: 'magic' }] },
      pointer: '/spec/methods/0',
      words: /methods/,
    },
  ])('refuses $title at submission', async ({ given, spec, withData = false, pointer, words }) => {
    const { dataset, submit } = await setup(given as Parameters<typeof setup>[0]);

    const refusal = await refusalOf(submit({ ...spec, ...(withData ? { dataset } : {}) }));

    expect(refusal).toMatchObject({ code: 'bad_spec', fault: 'caller' });
    const { errors } = refusal.details as { errors: { pointer: string; detail: string }[] };
    expect(errors.map((error) => error.pointer).join(' ')).toContain(pointer);
    expect(`${refusal.message} ${errors.map(({ detail }) => detail).join(' ')}`).toMatch(words);
  });
});
