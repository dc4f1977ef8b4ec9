import type { ApiKey, CreatedKey, Scope } from '../contracts/keys';
import type { ListRequest } from '../contracts/lists';
import type { Clock } from '../ports/clock';
import type { Ids } from '../ports/ids';
import type { RecordKey, RecordStore } from '../ports/record-store';
import { changeRecord } from './change-record';
import { hashSecret, isSecretOf, newSecret, readKey, type SecretHash, writeKey } from './key-secret';

export interface NewKey {
  tenant: string;
  scopes: readonly Scope[];
  name?: string | undefined;
}

export interface KeyStore {
  /** The one time that the secret is seen. */
  create(key: NewKey): Promise<CreatedKey>;
  /** The key that a secret stands for; undefined where it is malformed, unknown or revoked, which the caller is not told apart. */
  verify(token: string): Promise<ApiKey | undefined>;
  find(id: string): Promise<ApiKey | undefined>;
  list(tenant: string, page: ListRequest): Promise<{ keys: ApiKey[]; hasMore: boolean }>;
  /** Revoking twice keeps the first time. */
  revoke(id: string): Promise<ApiKey | undefined>;
}

type KeyRecord = Omit<ApiKey, 'object'> & { secret: SecretHash };

export interface KeyStoreDependencies {
  records: RecordStore;
  clock: Clock;
  ids: Ids;
}

const recordOf = (id: string): RecordKey => ({ partition: `key#${id}`, sort: 'key' });
const entryOf = (tenant: string, id: string): RecordKey => ({ partition: `tenant#${tenant}#key`, sort: id });

const publicKey = ({ secret: _, ...key }: KeyRecord): ApiKey => ({ ...key, object: 'key' });

const readRecord = async (records: RecordStore, id: string) =>
  (await records.get<KeyRecord>(recordOf(id)))?.value;

async function create({ records, clock, ids }: KeyStoreDependencies, key: NewKey): Promise<CreatedKey> {
  const id = ids.next('key');
  const secret = newSecret();
  const { name, ...facts } = key;
  const value: KeyRecord = {
    ...facts,
    ...(name === undefined ? {} : { name }),
    id,
    scopes: [...key.scopes],
    hint: secret.slice(-4),
    secret: hashSecret(secret),
    created_at: clock.now().toISOString(),
  };
  // the list's entry first: an entry without a key does no harm, a key that no list shows might
  await records.put({ ...entryOf(key.tenant, id), value: {}, expect: 'any' });
  await records.put({ ...recordOf(id), value, expect: 'absent' });
  return { ...publicKey(value), secret: writeKey({ id, secret }) };
}

async function list(records: RecordStore, tenant: string, { after, limit, order }: ListRequest) {
  const { partition } = entryOf(tenant, '');
  const page = { partition, limit, order, ...(after === undefined ? {} : { after }) };
  const found = await records.list(page);
  const keys = await Promise.all(found.records.map(({ sort }) => readRecord(records, sort)));
  return { keys: keys.flatMap((key) => (key === undefined ? [] : publicKey(key))), hasMore: found.hasMore };
}

/**
 * API keys. A key is looked up by the id that is part of it, because who sends it is not known before; a tenant's list of
 * ids lies beside.
 */
export function keyStore(deps: KeyStoreDependencies): KeyStore {
  const { records, clock } = deps;
  return {
    create: (key) => create(deps, key),
    async verify(token) {
      const parts = readKey(token);
      if (parts === undefined) return undefined;
      const record = await readRecord(records, parts.id);
      const isRight = isSecretOf(record?.secret, parts.secret);
      return record !== undefined && isRight && record.revoked_at === undefined
        ? publicKey(record)
        : undefined;
    },
    async find(id) {
      const record = await readRecord(records, id);
      return record === undefined ? undefined : publicKey(record);
    },
    list: (tenant, page) => list(records, tenant, page),
    async revoke(id) {
      const { after } = await changeRecord<KeyRecord>(records, recordOf(id), (key) =>
        key === undefined || key.revoked_at !== undefined
          ? undefined
          : { ...key, revoked_at: clock.now().toISOString() },
      );
      return after === undefined ? undefined : publicKey(after);
    },
  };
}
