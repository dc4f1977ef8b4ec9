import { ConflictError, NotFoundError } from '../../../shared/errors/request-errors';
import { ulidIds } from '../../../shared/ports/ids';
import type { RecordStore } from '../../../shared/ports/record-store';
import type { NewVersion } from '../../../shared/stores/model-record';
import { modelRegistry } from '../../../shared/stores/model-registry';
import { dyingRecords } from '../../support/dying-records';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

const openRegistry = (records: RecordStore = stores.records) =>
  modelRegistry({ records, clock: stores.clock });

function setup() {
  const tenant = aTenant();
  const address = { tenant, name: 'penguins' };
  const aVersion = (facts: Partial<NewVersion> = {}): NewVersion => ({
    ...address,
    job: ulidIds.next('job'),
    artifact: { key: 'artifacts/model.onnx', bytes: 1, sha256: 'a'.repeat(64) },
    signature: { task: 'regression', inputs: [], outputs: [] },
    metrics: {},
    lineage: {},
    ...facts,
  });
  const registry = openRegistry();
  const versionsIn = async () => {
    const latest = (await registry.getModel(address))?.latest_version ?? 0;
    const all = Array.from({ length: latest }, (_, index) =>
      registry.getVersion({ ...address, version: index + 1 }),
    );
    return Promise.all(all);
  };
  return { tenant, address, aVersion, registry, versionsIn };
}

describe('registering versions', () => {
  it('numbers them from 1, and the newest that is ready serves', async () => {
    const { registry, aVersion, address } = setup();

    const made = [await registry.registerVersion(aVersion()), await registry.registerVersion(aVersion())];

    expect(made.map(({ version, state }) => [version, state])).toEqual([
      [1, 'ready'],
      [2, 'ready'],
    ]);
    expect(await registry.resolve(address)).toEqual({ version: 2 });
  });

  it('gives racing makers numbers without a gap and without sharing one', async () => {
    const { registry, aVersion, versionsIn } = setup();

    const made = await Promise.all(Array.from({ length: 12 }, () => registry.registerVersion(aVersion())));

    const numbers = made.map(({ version }) => version).sort((a, b) => a - b);
    const stored = await versionsIn();
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    expect(new Set(stored.map((version) => version?.job)).size).toBe(12);
  });

  it('gives the same job the same version, however often, and whatever came between', async () => {
    const { registry, aVersion, address } = setup();
    const version = aVersion({ alias: 'production' });
    const first = await registry.registerVersion(version);
    await registry.registerVersion(aVersion());
    await registry.setAlias({ ...address, alias: 'production' }, { version: 2 });

    const again = await Promise.all([registry.registerVersion(version), registry.registerVersion(version)]);

    expect(again).toEqual([first, first]);
    expect(await registry.getModel(address)).toMatchObject({
      latest_version: 2,
      aliases: { production: { version: 2 } },
    });
  });

  it('gives one job one version where it races itself', async () => {
    const { registry, aVersion, address } = setup();
    const version = aVersion();

    const made = await Promise.all(Array.from({ length: 6 }, () => registry.registerVersion(version)));

    expect(made.map(({ version: number }) => number)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await registry.getModel(address)).toMatchObject({ latest_version: 1 });
  });

  it.each([1, 2, 3, 4, 5])('loses nothing when its process dies behind write %d', async (behindWrite) => {
    const { registry, aVersion, versionsIn } = setup();
    const [first, second, third] = [aVersion(), aVersion({ alias: 'production' }), aVersion()];
    await registry.registerVersion(first);
    const dying = dyingRecords(stores.records, behindWrite);
    await openRegistry(dying)
      .registerVersion(second)
      .catch(() => undefined);

    const later = await registry.registerVersion(third);
    const retried = await registry.registerVersion(second);

    const jobs = (await versionsIn()).map((version) => version?.job);
    expect([later.version, retried.version].sort()).toEqual([2, 3]);
    expect(jobs.sort()).toEqual([first.job, second.job, third.job].sort());
    expect(await registry.resolve(retried)).toMatchObject({ version: expect.any(Number) });
  });
});

describe('an imported version', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'comes to its end though a process dies behind write %d',
    async (behindWrite) => {
      const { registry, address } = setup();
      const { version } = await registry.reserveVersion(address);
      const artifact = { key: 'uploads/model.onnx', bytes: 1, sha256: 'b'.repeat(64) };
      const signature = { task: 'other' as const, inputs: [], outputs: [] };
      const finish = async (records: RecordStore) => {
        const store = openRegistry(records);
        await store.noteArtifact({ ...address, version, artifact });
        await store.markVersionValidating({ ...address, version, job: 'job_x' });
        await store.markVersionReady({ ...address, version, job: 'job_x', signature });
      };
      await finish(dyingRecords(stores.records, behindWrite)).catch(() => undefined);

      await finish(stores.records);

      expect(await registry.getVersion({ ...address, version })).toMatchObject({
        state: 'ready',
        artifact,
        signature,
      });
      expect(await registry.resolve(address)).toEqual({ version });
    },
  );

  it('stays ready, whatever is said of it afterwards', async () => {
    const { registry, aVersion, address } = setup();
    const { version } = await registry.registerVersion(aVersion());

    const moved = await registry.markVersionRejected({ ...address, version, job: 'job_x', errors: [] });

    expect(moved).toMatchObject({ moved: false, version: { state: 'ready' } });
  });

  it('that is not the latest does not take over when it becomes ready', async () => {
    const { registry, aVersion, address } = setup();
    const { version } = await registry.reserveVersion(address);
    await registry.registerVersion(aVersion());
    const signature = { task: 'other' as const, inputs: [], outputs: [] };

    await registry.markVersionReady({ ...address, version, job: 'job_x', signature });

    expect(await registry.resolve(address)).toEqual({ version: 2 });
  });
});

describe('resolving', () => {
  it.each<[string, object, object]>([
    ['nothing asked for', {}, { version: 1 }],
    ['an alias', { alias: 'staging' }, { version: 2 }],
    ['a version', { version: 2 }, { version: 2 }],
  ])('finds what serves for %s', async (_, asked, target) => {
    const { registry, aVersion, address } = setup();
    await registry.registerVersion(aVersion({ alias: 'production' }));
    await registry.registerVersion(aVersion({ alias: 'staging' }));

    const found = await registry.resolve({ ...address, ...asked });

    expect(found).toEqual(target);
  });

  it.each<[string, object, typeof NotFoundError | typeof ConflictError]>([
    ['a model that is not there', { name: 'walruses' }, NotFoundError],
    ['another tenant’s model', { tenant: 'somebody' }, NotFoundError],
    ['an alias that is not there', { alias: 'staging' }, NotFoundError],
    ['an alias that every object has', { alias: 'constructor' }, NotFoundError],
    ['a version that is not there', { version: 9 }, NotFoundError],
    ['a version that is not ready', { version: 2 }, ConflictError],
  ])('refuses %s', async (_, asked, error) => {
    const { registry, aVersion, address } = setup();
    await registry.registerVersion(aVersion());
    await registry.reserveVersion(address);

    const resolving = registry.resolve({ ...address, ...asked });

    await expect(resolving).rejects.toThrow(error);
  });

  it('refuses a model of which nothing is ready yet', async () => {
    const { registry, address } = setup();
    await registry.reserveVersion(address);

    const resolving = registry.resolve(address);

    await expect(resolving).rejects.toThrow(/no ready version of the model named 'penguins'/);
  });

  it('keeps every alias that is set at the same instant', async () => {
    const { registry, aVersion, address } = setup();
    await registry.registerVersion(aVersion());
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];

    await Promise.all(names.map((alias) => registry.setAlias({ ...address, alias }, { version: 1 })));

    const model = await registry.getModel(address);
    expect(Object.keys(model?.aliases ?? {}).sort()).toEqual(names);
  });
});
