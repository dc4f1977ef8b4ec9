import { aliasLifetimeMilliseconds, resolveModel } from '../../../functions/usecases/resolve-model';
import type { ModelSignature } from '../../../shared/contracts/model';
import { ConflictError, NotFoundError } from '../../../shared/errors/request-errors';
import { modelRegistry } from '../../../shared/stores/model-registry';
import { countedRecords } from '../../support/counted-stores';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

const signature: ModelSignature = { task: 'other', inputs: [], outputs: [] };
const sha256 = '0'.repeat(64);

async function setup({ versions = 2, random = 0.5 } = {}) {
  const { clock } = stores;
  const records = countedRecords(stores.records);
  const registry = modelRegistry({ records, clock });
  const address = { tenant: aTenant(), name: 'penguins' };
  for (let version = 1; version <= versions; version++)
    await registry.registerVersion({
      ...address,
      artifact: { key: `artifacts/${version}`, bytes: 1, sha256 },
      signature,
      metrics: {},
      lineage: {},
      job: `job-${version}`,
    });
  records.calls = 0;
  const resolve = resolveModel({ registry, clock, random: () => random });
  return { clock, records, registry, address, resolve };
}

describe('resolving a model', () => {
  it('finds the version named, the one that an alias points at, or else the latest', async () => {
    const { resolve, registry, address } = await setup({ versions: 3 });
    await registry.setAlias({ ...address, alias: 'stable' }, { version: 1 });

    const found = [
      await resolve({ ...address, version: 2 }),
      await resolve({ ...address, alias: 'stable' }),
      await resolve(address),
    ];

    expect(found.map(({ version }) => version)).toEqual([2, 1, 3]);
    expect(found[0]).toMatchObject({ ...address, signature, artifact: { key: 'artifacts/2' } });
  });

  it('asks once for many at the same time, and not again while it may remember', async () => {
    const { resolve, records, address, clock } = await setup();
    await Promise.all(Array.from({ length: 10 }, () => resolve(address)));
    const first = records.calls;

    clock.advance((aliasLifetimeMilliseconds - 1) / 1000);
    await resolve(address);

    expect(first).toBeLessThanOrEqual(3);
    expect(records.calls).toBe(first);
  });

  it('follows an alias that moves, at the latest when its lifetime is over', async () => {
    const { resolve, registry, address, clock } = await setup();
    const production = { ...address, alias: 'production' };
    await registry.setAlias(production, { version: 2 });
    const before = await resolve(address);
    await registry.setAlias(production, { version: 1 });

    clock.advance(aliasLifetimeMilliseconds / 1000 + 0.001);
    const after = await resolve(address);

    expect([before.version, after.version]).toEqual([2, 1]);
  });

  it.each([
    { random: 0.19, version: 2 },
    { random: 0.2, version: 1 },
    { random: 0.99, version: 1 },
  ])(
    'gives a canary of 0.2 the requests that draw less: $random goes to $version',
    async ({ random, version }) => {
      const { resolve, registry, address } = await setup({ random });
      await registry.setAlias(
        { ...address, alias: 'live' },
        { version: 1, canary: { version: 2, fraction: 0.2 } },
      );

      const found = await resolve({ ...address, alias: 'live' });

      expect(found.version).toBe(version);
    },
  );

  it('refuses what is not there, another tenant’s model too, and does not remember that', async () => {
    const { resolve, registry, address } = await setup();
    const elsewhere = { ...address, tenant: aTenant() };
    await expect(resolve(elsewhere)).rejects.toBeInstanceOf(NotFoundError);
    await expect(resolve({ ...address, alias: 'none' })).rejects.toBeInstanceOf(NotFoundError);
    await expect(resolve({ ...address, version: 9 })).rejects.toBeInstanceOf(NotFoundError);

    await registry.setAlias({ ...address, alias: 'none' }, { version: 1 });
    const found = await resolve({ ...address, alias: 'none' });

    expect(found.version).toBe(1);
  });

  it('refuses a version that is not ready', async () => {
    const { resolve, registry, address } = await setup({ versions: 0 });
    const { version } = await registry.reserveVersion(address);

    const named = resolve({ ...address, version });

    await expect(named).rejects.toBeInstanceOf(ConflictError);
    await expect(resolve(address)).rejects.toBeInstanceOf(NotFoundError);
  });
});
