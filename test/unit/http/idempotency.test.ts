import { dataset } from '../../../shared/contracts/dataset';
import { leaseSeconds } from '../../../shared/stores/idempotency-store';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { administratorKey, type SmallApi, smallApi } from '../../support/small-api';

let stores: EmbeddedStores;
let api: SmallApi;
beforeAll(async () => {
  stores = await openEmbeddedStores();
  api = smallApi(stores);
});
afterAll(() => stores.close());

async function aCaller() {
  const tenant = aTenant();
  const key = await api.keyFor(tenant);
  const create = (idempotencyKey: string, body: unknown = { name: 'penguins' }, path = '/v1/datasets') =>
    api.call({ method: 'POST', path, key, body, headers: { 'Idempotency-Key': idempotencyKey } });
  const count = async () => (await api.datasets.list(tenant, { limit: 100, order: 'asc' })).datasets.length;
  return { tenant, create, count };
}

describe('a request with an Idempotency-Key', () => {
  it('gets the same answer again, and is done once', async () => {
    const { create, count } = await aCaller();
    const first = await create('a-key');

    const again = await create('a-key');

    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(again.headers).toMatchObject({
      'idempotency-replayed': 'true',
      location: first.headers?.location,
    });
    expect(first.headers).not.toHaveProperty('idempotency-replayed');
    expect(await count()).toBe(1);
  });

  it('sent many times at the same instant is done once', async () => {
    const { create, count } = await aCaller();

    const answers = await Promise.all(Array.from({ length: 8 }, () => create('a-key')));

    const done = answers.filter(({ status }) => status === 201);
    const waiting = answers.filter(({ status }) => status === 409);
    expect(new Set(done.map(({ body }) => dataset.parse(body).id)).size).toBe(1);
    expect(done.length + waiting.length).toBe(8);
    for (const { body, headers } of waiting) {
      expect(body).toMatchObject({ code: 'idempotency_in_progress' });
      expect(headers).toMatchObject({ 'retry-after': '1' });
    }
    expect(await count()).toBe(1);
  });

  it('is refused with another body', async () => {
    const { create, count } = await aCaller();
    await create('a-key');

    const other = await create('a-key', { name: 'others' });

    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    expect(await count()).toBe(1);
  });

  it.each<[string, (caller: Awaited<ReturnType<typeof aCaller>>) => Promise<{ status: number }>]>([
    ['another key', ({ create }) => create('b-key')],
    ['another tenant', async () => (await aCaller()).create('a-key')],
    ['another path', ({ create }) => create('a-key', { name: 'penguins' }, '/v1/models')],
  ])('is another one under %s', async (_, send) => {
    const caller = await aCaller();
    await caller.create('a-key');

    const answer = await send(caller);

    expect(answer.status).toBe(201);
  });

  it('that failed may be mended and sent again under the same key', async () => {
    const { create } = await aCaller();
    const spec = { dataset: 'ds_00000000000000000000000000', target: 'x', register: { name: 'm' } };

    const failed = await create('a-key', { kind: 'train', spec }, '/v1/jobs');
    const mended = await create('a-key', { kind: 'train', spec: { ...spec, target: 'y' } }, '/v1/jobs');

    expect([failed.status, mended.status]).toEqual([404, 404]);
  });

  it('is forgotten after a day', async () => {
    const { create, count } = await aCaller();
    await create('a-key');
    stores.clock.advance(24 * 3600 + 1);

    const later = await create('a-key');

    expect(later.headers).not.toHaveProperty('idempotency-replayed');
    expect(await count()).toBe(2);
  });

  it('keeps the secret of a key for its sender alone', async () => {
    const headers = { 'idempotency-key': 'make-a-key' };
    const body = { tenant: aTenant(), scopes: ['jobs'] };
    const make = () => api.call({ method: 'POST', path: '/v1/keys', key: administratorKey, body, headers });
    const first = await make();

    const again = await make();

    const kept = await stores.records.list({ partition: 'tenant#admin#idempotency', limit: 100 });
    expect(again.body).toEqual(first.body);
    expect(JSON.stringify(again.body)).toContain('ingot_');
    expect(JSON.stringify(kept.records)).not.toContain('ingot_');
  });

  it.each(['', ' ', 'x'.repeat(256), 'schlüssel'])('is refused with the key %j', async (key) => {
    const { create } = await aCaller();

    const answer = await create(key);

    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('idempotency key') },
    });
  });
});

describe('a holder that crashed', () => {
  it('loses its lease, and the next one runs', async () => {
    const { tenant, create, count } = await aCaller();
    const { records } = stores;
    await create('a-key');
    const { records: entries } = await records.list<object>({
      partition: `tenant#${tenant}#idempotency`,
      limit: 1,
    });
    const leased_until = new Date(stores.clock.now().getTime() + leaseSeconds * 1000).toISOString();
    for (const { partition, sort, value } of entries) {
      await records.put({
        partition,
        sort,
        expect: 'any',
        value: { ...value, state: 'running', leased_until },
      });
    }

    const during = await create('a-key');
    stores.clock.advance(leaseSeconds);
    const after = await create('a-key');

    expect([during.status, after.status]).toEqual([409, 201]);
    expect(await count()).toBe(2);
  });
});
