import { createdKey } from '../../../shared/contracts/keys';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { administratorKey, type SmallApi, smallApi } from '../../support/small-api';

let stores: EmbeddedStores;
let api: SmallApi;
beforeAll(async () => {
  stores = await openEmbeddedStores();
  api = smallApi(stores);
});
afterAll(() => stores.close());

const post = (body: unknown, key = administratorKey) =>
  api.call({ method: 'POST', path: '/v1/keys', key, body });
const revoke = (id: string, key = administratorKey) =>
  api.call({ method: 'DELETE', path: `/v1/keys/${id}`, key });
const listed = async (query = '', key = administratorKey) =>
  (await api.call({ path: `/v1/keys${query}`, key })).body;

async function aKey(facts: object = {}) {
  const tenant = aTenant();
  const answer = await post({ tenant, scopes: ['datasets'], ...facts });
  return createdKey.parse(answer.body);
}

describe('a new key', () => {
  it('shows its secret once, and works', async () => {
    const tenant = aTenant();

    const made = await post({ tenant, scopes: ['datasets', 'jobs'], name: 'laptop' });

    const { secret, ...key } = createdKey.parse(made.body);
    expect(made.status).toBe(201);
    expect(secret).toMatch(/^ingot_[0-9A-Z]{26}_[\w-]{43}$/);
    expect(key).toMatchObject({
      tenant,
      scopes: ['datasets', 'jobs'],
      name: 'laptop',
      hint: secret.slice(-4),
    });
    expect(await listed(`?tenant=${tenant}`)).toEqual({ object: 'list', data: [key], has_more: false });
    expect(await api.call({ path: '/v1/datasets', key: secret })).toMatchObject({ status: 200 });
  });

  it('works as x-api-key too', async () => {
    const { secret } = await aKey();

    const answer = await api.call({ path: '/v1/datasets', headers: { 'X-Api-Key': secret } });

    expect(answer.status).toBe(200);
  });

  it('is not in the store in the clear', async () => {
    const { secret, id } = await aKey();

    const stored = await stores.records.get({ partition: `key#${id}`, sort: 'key' });

    expect(JSON.stringify(stored)).not.toContain(secret.split('_')[2]);
  });

  it.each<[string, object, RegExp]>([
    ['no scope', { scopes: [] }, /at least 1 item/],
    ['an unknown scope', { scopes: ['predicts'] }, /did you mean 'predict'/],
    ['a scope twice', { scopes: ['jobs', 'jobs'] }, /named once/],
    [
      'a tenant that is a path',
      { tenant: '../other' },
      /must be the name of a tenant, not '..\/other': 1 to 63 of/,
    ],
    ['a tenant with a separator', { tenant: 'a#b' }, /must be the name of a tenant, not 'a#b': 1 to 63 of/],
  ])('is refused with %s', async (_, facts, detail) => {
    const answer = await post({ tenant: aTenant(), scopes: ['jobs'], ...facts });

    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(detail) } });
  });
});

describe('a key that is none', () => {
  const flipped = (secret: string) => secret.slice(0, -1) + (secret.endsWith('A') ? 'B' : 'A');

  it.each<[string, (secret: string) => Record<string, string>]>([
    ['no key', () => ({})],
    ['an empty one', () => ({ authorization: 'Bearer ' })],
    ['another scheme', (secret) => ({ authorization: `Basic ${secret}` })],
    ['a malformed key', () => ({ authorization: 'Bearer sk-1234' })],
    ['a key with a longer secret', (secret) => ({ 'x-api-key': `${secret}A` })],
    [
      'an unknown id',
      (secret) => ({ 'x-api-key': secret.replace(/^ingot_.{26}/, `ingot_${'0'.repeat(26)}`) }),
    ],
    ['a wrong secret', (secret) => ({ 'x-api-key': flipped(secret) })],
    ['nearly the administrator’s', () => ({ 'x-api-key': administratorKey.slice(0, -1) })],
  ])('is refused: %s', async (_, headersOf) => {
    const { secret } = await aKey();

    const answer = await api.call({ path: '/v1/datasets', headers: headersOf(secret) });

    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(answer.headers).toMatchObject({ 'www-authenticate': 'Bearer realm="ingot"' });
  });
});

describe('a revoked key', () => {
  it('is refused within 60 seconds, though it was used a moment before', async () => {
    const { secret, id } = await aKey();
    const use = async () => (await api.call({ path: '/v1/datasets', key: secret })).status;
    const before = await use();

    const revoked = await revoke(id);
    stores.clock.advance(59);

    expect(before).toBe(200);
    expect(revoked).toMatchObject({ status: 200, body: { id, revoked_at: expect.any(String) } });
    expect(await use()).toBe(401);
  });

  it('is revoked once, and stays in the list', async () => {
    const { id, tenant } = await aKey();
    const first = await revoke(id);
    stores.clock.advance(10);

    const again = await revoke(id);

    expect(again.body).toEqual(first.body);
    expect(await listed(`?tenant=${tenant}`)).toMatchObject({
      data: [{ id, revoked_at: expect.any(String) }],
    });
  });
});

describe('a tenant’s own administrator', () => {
  it('makes, lists and revokes the keys of that tenant alone', async () => {
    const { tenant, secret } = await aKey({ scopes: ['admin'] });
    const other = await aKey();

    const own = await post({ tenant, scopes: ['predict'] }, secret);
    const foreign = [
      await post({ tenant: other.tenant, scopes: ['predict'] }, secret),
      await api.call({ path: `/v1/keys?tenant=${other.tenant}`, key: secret }),
      await revoke(other.id, secret),
      await revoke('key_01J00000000000000000000000', secret),
    ];

    expect(own.status).toBe(201);
    expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(await listed('', secret)).toMatchObject({ data: [{ tenant }, { tenant }] });
  });

  it.each([
    ['POST', '/v1/keys'],
    ['GET', '/v1/keys'],
    ['DELETE', '/v1/keys/key_01J00000000000000000000000'],
  ])('is whom %s %s is for', async (method, path) => {
    const key = await api.keyFor(aTenant());

    const answer = await api.call({ method, path, key, body: method === 'POST' ? {} : undefined });

    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});
