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

type EvaluationResult = Extract<JobManifest['result'], { type: 'evaluation' }>;

const anEvaluation = (version = 1): EvaluationResult => ({
  type: 'evaluation',
  model: { name: 'penguins', version },
  evaluation: 'evaluation.json',
  metrics: { accuracy: 0.98, confidence_intervals: { accuracy: [0.95, 1] } },
});

describe('an evaluate job', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup({ known = signature, heldOut = true } = {}) {
    const clock = steppedClock();
    const runner = scriptedRunner();
    const world = wireJobs({ ...ports, queue: await ports.openQueue(clock), runner }, clock);
    const tenant = aTenant();
    const dataset = await aReadyDataset(world, tenant);
    const artifact = await putObject(world.objects, `x/${tenant}/model.onnx`, 'onnx');
    const testRows = heldOut ? await putObject(world.objects, `x/${tenant}/rows`, 'rows') : undefined;
    const made = {
      artifact,
      testRows,
      signature: known,
      metrics: {},
      lineage: {},
      job: world.ids.next('job'),
    };
    await world.models.registerVersion({ tenant, name: 'penguins', ...made });
    const submit = (spec: object = {}) =>
      submitJob(world)({
        tenant,
        kind: 'evaluate',
        spec: { model: { name: 'penguins' }, dataset, ...spec },
        timeout_seconds: 3_600,
      });
    const end = async (id: string, result: EvaluationResult) => {
      await startJob(world)({ tenant, jobId: id });
      await leaveOutput(
        world.objects,
        { tenant, jobId: id, attempt: 1 },
        { files: { 'evaluation.json': '{}' }, result },
      );
      await recordRunEvent(world)(anEvent(runner.runOf(id), 'succeeded'));
      return world.jobs.get(tenant, id);
    };
    return { tenant, runner, world, artifact, testRows, submit, end };
  }

  const refusalOf = async (work: Promise<unknown>): Promise<AppError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof AppError) return error;
    throw new Error(`no refusal but ${String(error)}`);
  };

  it('is told the model, its signature and the rows, and shows its metrics when it is over', async () => {
    const { runner, submit, end, artifact } = await setup();
    const { id } = await submit({ slices: ['species'] });

    const job = await end(id, anEvaluation());

    const { order } = runner.runOf(id);
    expect(Object.keys(order.inputs)).toEqual(['model', 'data']);
    expect(order.inputs.model).toEqual({ key: artifact.key, sha256: artifact.sha256 });
    expect(order.model).toMatchObject({ name: 'penguins', version: 1, signature });
    expect(job).toMatchObject({
      state: 'succeeded',
      output: { model: { name: 'penguins', version: 1 }, metrics: { accuracy: 0.98 } },
    });
  });

  it('measures on the rows that training held out where it names no data set', async () => {
    const { tenant, runner, world, submit, testRows } = await setup();
    const { id } = await submit({ dataset: undefined });

    await startJob(world)({ tenant, jobId: id });

    expect(runner.runOf(id).order.inputs.data).toEqual({ key: testRows?.key, sha256: testRows?.sha256 });
  });

  it.each([
    ['another version', { model: { name: 'penguins', version: 1 } }, anEvaluation(2)],
    ['another model', {}, { ...anEvaluation(), model: { name: 'other', version: 1 } }],
    ['a file that it did not leave', {}, { ...anEvaluation(), evaluation: 'absent.json' }],
  ])('fails where its run says that it measured %s', async (_, spec, result) => {
    const { submit, end } = await setup();
    const { id } = await submit(spec);

    const job = await end(id, result);

    expect(job).toMatchObject({ state: 'failed', error: { code: 'output_unverified' } });
  });

  it.each([
    {
      title: 'data without a column of the model',
      given: { known: { ...signature, inputs: [{ ...signature.inputs[0], name: 'fliper_length' }] } },
      spec: {},
      pointers: ['/spec/dataset'],
      words: /'fliper_length' of the data set is not there; the most like it are 'flipper_length'/,
    },
    {
      title: 'a target and a slice that are missing, together',
      given: {},
      spec: { target: 'specie', slices: ['island'] },
      pointers: ['/spec/target', '/spec/slices/0'],
      words: /'specie'/,
    },
    {
      title: 'a column of another type than the model reads',
      given: { known: { ...signature, inputs: [{ ...signature.inputs[0], element_type: 'string' }] } },
      spec: {},
      pointers: ['/spec/dataset'],
      words: /is of type number, and the model reads text there/,
    },
    {
      title: 'a model that was never told its task',
      given: { known: { ...signature, task: 'other' } },
      spec: {},
      pointers: ['/spec/model'],
      words: /import it with a signature that has task/,
    },
    {
      title: 'a threshold for three classes',
      given: {},
      spec: { metrics: { threshold: 0.3 } },
      pointers: ['/spec/metrics/threshold'],
      words: /the model has 3 classes; leave it out/,
    },
    {
      title: 'no data set for a model without held-out rows',
      given: { heldOut: false },
      spec: { dataset: undefined },
      pointers: ['/spec/dataset'],
      words: /came without held-out rows to be measured on; give a dataset/,
    },
  ])('refuses $title, before any machine starts', async ({ given, spec, pointers, words }) => {
    const { submit } = await setup(given as Parameters<typeof setup>[0]);

    const refusal = await refusalOf(submit(spec));

    expect(refusal).toMatchObject({ code: 'bad_spec', fault: 'caller' });
    expect(refusal.details.errors?.map(({ pointer }) => pointer)).toEqual(pointers);
    expect(refusal.message).toMatch(words);
  });
});
