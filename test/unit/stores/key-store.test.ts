import fc from 'fast-check';
import { ulidIds } from '../../../shared/ports/ids';
import {
  hashSecret,
  isSameText,
  isSecretOf,
  newSecret,
  readKey,
  writeKey,
} from '../../../shared/stores/key-secret';
import { keyStore } from '../../../shared/stores/key-store';
import { dyingRecords } from '../../support/dying-records';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

describe('a secret', () => {
  it('is read from a key as it was written, and from nothing else', () => {
    const parts = { id: ulidIds.next('key'), secret: newSecret() };

    const key = writeKey(parts);

    expect(readKey(key)).toEqual(parts);
    fc.assert(fc.property(fc.string(), (text) => expect(readKey(text)).toBeUndefined()));
    expect([` ${key}`, `${key}\n`, key.toUpperCase(), key.slice(0, -1)].map(readKey)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is salted, so that equal secrets are kept as different things', () => {
    const secret = newSecret();

    const [first, second] = [hashSecret(secret), hashSecret(secret)];

    expect(first.hash).not.toBe(second.hash);
    expect([isSecretOf(first, secret), isSecretOf(second, secret), isSecretOf(first, newSecret())]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is never that of a key that is not there', () => {
    const matches = isSecretOf(undefined, '');

    expect(matches).toBe(false);
  });

  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['', '', true],
  ])('compares %j with %j', (left, right, same) => {
    expect(isSameText(left, right)).toBe(same);
  });
});

describe('the key store', () => {
  it('lists in pages', async () => {
    const keys = keyStore({ ...stores, ids: ulidIds });
    const tenant = aTenant();
    const made = [];
    for (const name of ['a', 'b', 'c']) made.push(await keys.create({ tenant, scopes: ['jobs'], name }));

    const first = await keys.list(tenant, { limit: 2, order: 'asc' });
    const rest = await keys.list(tenant, { limit: 2, order: 'asc', after: made[1]?.id });

    expect(first).toMatchObject({ keys: [{ name: 'a' }, { name: 'b' }], hasMore: true });
    expect(rest).toMatchObject({ keys: [{ name: 'c' }], hasMore: false });
    expect(JSON.stringify(first)).not.toContain('hash');
  });

  it('lists no key of which a crash left the entry alone', async () => {
    const tenant = aTenant();
    const dying = keyStore({ ...stores, records: dyingRecords(stores.records, 1), ids: ulidIds });
    await dying.create({ tenant, scopes: ['jobs'] }).catch(() => undefined);

    const listed = await keyStore({ ...stores, ids: ulidIds }).list(tenant, { limit: 2, order: 'asc' });

    expect(listed).toEqual({ keys: [], hasMore: false });
  });

  it('revokes nothing that is not there', async () => {
    const keys = keyStore({ ...stores, ids: ulidIds });

    const revoked = await keys.revoke('key_00000000000000000000000000');

    expect(revoked).toBeUndefined();
  });
});
