import type { AttributeValue, CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IntegrityError } from '../../errors/store-errors';
import type { Clock } from '../../ports/clock';
import type { RecordKey, StoredRecord } from '../../ports/record-store';

/** Encrypts small values where the table's storage does not; `context` is authenticated and not stored. */
export interface RecordCipher {
  seal(plaintext: Uint8Array, context: string): Uint8Array;
  /** `IntegrityError` when value or context were changed. */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** The table as one process uses it. */
export interface RecordTable {
  client: DynamoDBClient;
  tableName: string;
  cipher: RecordCipher | undefined;
  clock: Clock;
}

export type RecordItem = Record<string, AttributeValue>;

/**
 * An item of the one table. The value is JSON text (`value`, a string; sealed: bytes), because DynamoDB's own numbers do
 * not hold every double. `expires_at` is for DynamoDB's TTL, in seconds; `expires_at_ms` is what readers go by;
 * `written_by` names the write, so that its retry knows that it has been done.
 */
export const attributes = {
  partition: 'pk',
  sort: 'sk',
  version: 'version',
  value: 'value',
  expiresAt: 'expires_at',
  expiresAtMs: 'expires_at_ms',
  writtenBy: 'written_by',
} as const;

/** How the table has to be made; time to live is on `expires_at`. */
export const recordTable = (tableName: string): CreateTableCommandInput => ({
  TableName: tableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: attributes.partition, AttributeType: 'S' },
    { AttributeName: attributes.sort, AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: attributes.partition, KeyType: 'HASH' },
    { AttributeName: attributes.sort, KeyType: 'RANGE' },
  ],
});

export const itemKey = ({ partition, sort }: RecordKey): RecordItem => ({
  pk: { S: partition },
  sk: { S: sort },
});

/** A record's value cannot be moved to another record. */
const contextOf = ({ partition, sort }: RecordKey): string => JSON.stringify([partition, sort]);

export const encodeValue = (
  key: RecordKey,
  value: unknown,
  cipher: RecordCipher | undefined,
): AttributeValue => {
  const json = JSON.stringify(value);
  return cipher === undefined ? { S: json } : { B: cipher.seal(Buffer.from(json), contextOf(key)) };
};

const jsonOf = (
  key: RecordKey,
  value: AttributeValue | undefined,
  cipher: RecordCipher | undefined,
): string => {
  if (cipher === undefined && value?.S !== undefined) return value.S;
  if (cipher !== undefined && value?.B !== undefined)
    return Buffer.from(cipher.open(value.B, contextOf(key))).toString();
  throw new IntegrityError(
    `the record '${key.sort}' of '${key.partition}' is ${cipher === undefined ? '' : 'not '}encrypted, against the settings of this process`,
  );
};

/** `IntegrityError` where the value was changed, moved from another record, or is not encrypted though it must be. */
export const decodeItem = <T>(item: RecordItem, cipher: RecordCipher | undefined): StoredRecord<T> => {
  const key = { partition: item[attributes.partition]?.S ?? '', sort: item[attributes.sort]?.S ?? '' };
  const value: T = JSON.parse(jsonOf(key, item[attributes.value], cipher));
  return { ...key, value, version: Number(item[attributes.version]?.N) };
};

/** False once the record's time is over: the table may forget it later than its readers must. */
export const isLive = (item: RecordItem, now: Date): boolean => {
  const expiresAtMs = item[attributes.expiresAtMs]?.N;
  return expiresAtMs === undefined || Number(expiresAtMs) > now.getTime();
};

const numberBytes = 21;
const bytesOf = (value: AttributeValue): number =>
  value.S === undefined ? (value.B?.byteLength ?? numberBytes) : Buffer.byteLength(value.S);

/** What DynamoDB counts an item as, or a few bytes more. */
export const itemBytes = (item: RecordItem): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + bytesOf(value), 0);

/** DynamoDB's limit for one item. */
export const largestItemBytes = 400 * 1024;
