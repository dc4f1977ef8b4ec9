import { completeDataset } from '../../../functions/usecases/complete-dataset';
import { completeModelVersion } from '../../../functions/usecases/complete-model-version';
import { objectKeys } from '../../../shared/contracts/job-files';
import { ulidIds } from '../../../shared/ports/ids';
import { dyingRecords } from '../../support/dying-records';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { smallApi } from '../../support/small-api';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

/** The use cases of a process that dies behind the write of that number, and of the one that comes after it. */
function setup(behindWrite: number) {
  const tenant = aTenant();
  const records = dyingRecords(stores.records, behindWrite);
  const next = smallApi(stores);
  const jobs = async () => (await next.jobs.list(tenant, { limit: 100, order: 'asc' })).jobs;
  return { tenant, records, dying: smallApi({ ...stores, records }), next, jobs };
}

const enough = 12;
const everyWrite = Array.from({ length: enough }, (_, index) => index + 1);

describe('completing an upload, when its process dies', () => {
  it.each(everyWrite)(
    'behind write %d, gives a data set one job when it is completed again',
    async (behindWrite) => {
      const { tenant, dying, next, jobs } = setup(behindWrite);
      const { id } = await next.datasets.create({ id: ulidIds.next('ds'), tenant, name: 'penguins' });
      await stores.objects.put(objectKeys.datasetSource(tenant, id), Buffer.from('a\n1\n'));
      await completeDataset(dying)({ tenant, id }).catch(() => undefined);

      const completed = await completeDataset(next)({ tenant, id });

      const [job, ...others] = await jobs();
      expect(completed).toMatchObject({ state: 'validating', job: job?.id });
      expect(others).toEqual([]);
    },
  );

  it.each(everyWrite)(
    'behind write %d, gives a model version one job when it is completed again',
    async (behindWrite) => {
      const { tenant, dying, next, jobs } = setup(behindWrite);
      const { version } = await next.models.reserveVersion({ tenant, name: 'resnet' });
      const address = { tenant, name: 'resnet', version };
      await stores.objects.put(objectKeys.modelUpload(tenant, 'resnet', version), Buffer.from('onnx'));
      await completeModelVersion(dying)(address).catch(() => undefined);

      const completed = await completeModelVersion(next)(address);

      const [job, ...others] = await jobs();
      expect(completed).toMatchObject({ state: 'validating' });
      expect(await next.models.getVersion(address)).toMatchObject({ job: job?.id, artifact: { bytes: 4 } });
      expect(others).toEqual([]);
    },
  );

  it('is tried behind every one of its writes', async () => {
    const { tenant, records, dying, next } = setup(enough);
    const { id } = await next.datasets.create({ id: ulidIds.next('ds'), tenant, name: 'penguins' });
    await stores.objects.put(objectKeys.datasetSource(tenant, id), Buffer.from('a\n1\n'));

    await completeDataset(dying)({ tenant, id });

    expect(records.hasDied()).toBe(false);
  });
});
