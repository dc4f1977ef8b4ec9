import { resolveInputs } from '../../../functions/usecases/job-inputs';
import { refuseTeacher } from '../../../functions/usecases/refuse-loss';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../../shared/contracts/model';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { NotFoundError } from '../../../shared/errors/request-errors';
import { datasetStore } from '../../../shared/stores/dataset-store';
import { modelRegistry } from '../../../shared/stores/model-registry';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

const dataset = 'ds_01J00000000000000000000000';
const file = (name: string) => ({ name, key: `somewhere/${name}`, bytes: 1, sha256: 'f'.repeat(64) });

const teacher: ModelSignature = {
  task: 'classification',
  inputs: [{ name: 'mass', type: 'number', element_type: 'float', shape: [] }],
  outputs: [{ name: 'probabilities', type: 'number', element_type: 'float', shape: [2] }],
  classes: ['no', 'yes'],
};

const columns = ['yes', 'no'].map((value) => ({ value, count: 5 }));
const profile = {
  columns: [
    { name: 'mass', type: 'number' as const, missing: 0, distinct: 9 },
    { name: 'answer', type: 'text' as const, missing: 0, distinct: 2, top_values: columns },
  ],
};

describe('a teacher that a train job asks for', () => {
  let embedded: EmbeddedStores;
  beforeAll(async () => {
    embedded = await openEmbeddedStores();
  });
  afterAll(() => embedded.close());

  async function setup(signature: ModelSignature = teacher) {
    const tenant = aTenant();
    const stores = { datasets: datasetStore(embedded), models: modelRegistry(embedded) };
    await stores.models.registerVersion({
      tenant,
      name: 'big',
      artifact: file('model.onnx'),
      signature,
      metrics: {},
      lineage: {},
      job: 'job_01J00000000000000000000000',
    });
    const spec = (name = 'big') =>
      trainSpec.parse({
        dataset,
        target: 'answer',
        loss: { name: 'kl_divergence', teacher: { name } },
        register: { name: 'small' },
      });
    return { tenant, stores, spec };
  }

  it('is one of its inputs, with what is known of it', async () => {
    const { tenant, stores, spec } = await setup();
    await stores.datasets.create({ tenant, id: dataset, name: 'd' });
    await stores.datasets.markReady({
      tenant,
      id: dataset,
      data: file('data'),
      profile: file('profile'),
      job: 'job_01J00000000000000000000001',
      rows: 10,
    });

    const { inputs, models } = await resolveInputs(stores, { tenant, kind: 'train', spec: spec() });

    expect(inputs.teacher).toEqual({ key: 'somewhere/model.onnx', sha256: 'f'.repeat(64) });
    expect(models?.teacher).toMatchObject({ name: 'big', version: 1, signature: { classes: ['no', 'yes'] } });
  });

  it('passes where it tells the same classes apart, in any order', async () => {
    const { tenant, stores, spec } = await setup();

    await expect(refuseTeacher({ stores, tenant }, spec(), profile)).resolves.toBeUndefined();
  });

  it.each<[string, Partial<ModelSignature>, string]>([
    [
      'other classes',
      { classes: ['no', 'perhaps'] },
      "version 1 of the model 'big' tells the classes 'no', 'perhaps' apart, and the target has 'yes', 'no'; give a teacher of the same classes",
    ],
    [
      'numbers',
      { task: 'regression' },
      "version 1 of the model 'big' is a model of task 'regression'; give one of a classification",
    ],
    [
      'other columns',
      { inputs: [{ name: 'wing', type: 'number', element_type: 'float', shape: [] }] },
      "version 1 of the model 'big' reads the columns 'wing', which the data set does not have; give a data set with them",
    ],
  ])('refuses one of %s at submit', async (_, signature, detail) => {
    const { tenant, stores, spec } = await setup({ ...teacher, ...signature });

    const refused = refuseTeacher({ stores, tenant }, spec(), profile);

    await expect(refused).rejects.toThrow(BadSpecError);
    await expect(refused).rejects.toHaveProperty('details.errors', [
      { pointer: '/spec/loss/teacher', detail },
    ]);
  });

  it('refuses one that is not there', async () => {
    const { tenant, stores, spec } = await setup();

    const refused = refuseTeacher({ stores, tenant }, spec('nobody'), profile);

    await expect(refused).rejects.toThrow(NotFoundError);
  });
});
