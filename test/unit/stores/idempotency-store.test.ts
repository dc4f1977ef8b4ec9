import { ConflictError } from '../../../shared/errors/request-errors';
import { IntegrityError } from '../../../shared/errors/store-errors';
import {
  type IdempotentRequest,
  idempotencyStore,
  leaseSeconds,
} from '../../../shared/stores/idempotency-store';
import { openSealed, sealer } from '../../../shared/stores/sealed-text';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

function setup() {
  const tenant = aTenant();
  const store = idempotencyStore({ ...stores, keys: stores.keyService });
  const request: IdempotentRequest = { tenant, method: 'POST', path: '/v1/jobs', key: 'k', body: '{}' };
  const partition = `tenant#${tenant}#idempotency`;
  return {
    store,
    request,
    entries: async () => (await stores.records.list<object>({ partition, limit: 9 })).records,
  };
}

describe('once', () => {
  it('runs once, and gives the answer again', async () => {
    const { store, request } = setup();
    const answers = ['first', 'second'];
    const run = async () => answers.shift() ?? '';

    const outcomes = [await store.once(request, run), await store.once(request, run)];

    expect(outcomes).toEqual([
      { answer: 'first', replayed: false },
      { answer: 'first', replayed: true },
    ]);
  });

  it('runs one of many that come at the same instant', async () => {
    const { store, request } = setup();
    let runs = 0;
    const run = async () => `run ${++runs}`;

    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => store.once(request, run)));

    expect(runs).toBe(1);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ConflictError);
    }
  });

  it('refuses while it runs, and runs again where the first one failed', async () => {
    const { store, request } = setup();
    const during: unknown[] = [];
    const failing = store.once(request, async () => {
      during.push(await store.once(request, async () => 'x').catch((error: unknown) => error));
      throw new Error('it failed');
    });
    await expect(failing).rejects.toThrow('it failed');

    const again = await store.once(request, async () => 'again');

    expect(during).toEqual([expect.any(ConflictError)]);
    expect(again).toEqual({ answer: 'again', replayed: false });
  });

  it('gives every try of a request the same intent until there is an answer', async () => {
    const { store, request } = setup();
    const intents: string[] = [];
    const note = async (intent: string) => String(intents.push(intent));
    const failing = async (intent: string) => {
      await note(intent);
      throw new Error('it failed');
    };

    await store.once(request, failing).catch(() => undefined);
    await store.once(request, async (intent) => {
      await note(intent);
      stores.clock.advance(leaseSeconds);
      return store.once(request, note).then(({ answer }) => answer);
    });
    await store.once({ ...request, key: 'mended' }, failing).catch(() => undefined);
    await store.once({ ...request, key: 'mended', body: '{"mended":true}' }, note);

    const [first, ...others] = intents;
    expect(others.slice(0, 2)).toEqual([first, first]);
    expect(new Set(intents).size).toBe(3);
    expect(intents).toHaveLength(5);
  });

  it('lets a holder that comes back late spoil nothing', async () => {
    const { store, request } = setup();

    const late = await store.once(request, async () => {
      stores.clock.advance(leaseSeconds);
      await store.once(request, async () => 'the next holder’s');
      return 'the late holder’s';
    });

    expect(late.answer).toBe('the late holder’s');
    expect(await store.once(request, async () => '')).toEqual({
      answer: 'the next holder’s',
      replayed: true,
    });
  });

  it.each([0, 20, 30])('fails on a sealed answer whose byte %d was changed', async (at) => {
    const keys = stores.keyService;
    const sealed = (await sealer(keys, { place: 'here' }))('the secret');
    const bytes = Buffer.from(sealed.sealed, 'base64');
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);

    const opening = openSealed(keys, { ...sealed, sealed: bytes.toString('base64') }, { place: 'here' });

    await expect(opening).rejects.toThrow(IntegrityError);
    expect(await openSealed(keys, sealed, { place: 'here' })).toBe('the secret');
  });

  it('keeps answers sealed, and fails on one that was moved', async () => {
    const { store, request, entries } = setup();
    await store.once(request, async () => 'the secret');
    const other = { ...request, key: 'other' };
    await store.once(other, async () => 'the other secret');

    const [first, second] = await entries();
    if (first === undefined || second === undefined) throw new Error('two entries were written');
    await stores.records.put({ ...first, value: second.value, expect: 'any' });
    const outcomes = await Promise.allSettled(
      [request, other].map((asked) => store.once(asked, async () => '')),
    );

    expect(JSON.stringify([first, second])).not.toContain('secret');
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes).toContainEqual({ status: 'rejected', reason: expect.any(IntegrityError) });
  });
});
