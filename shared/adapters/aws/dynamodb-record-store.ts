import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { PayloadTooLargeError } from '../../errors/request-errors';
import { ConditionFailedError } from '../../errors/store-errors';
import { type Clock, systemClock } from '../../ports/clock';
import type { RecordKey, RecordStore, RecordWrite, StoredRecord } from '../../ports/record-store';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws, explainAwsError } from './aws-errors';
import { listRecords } from './list-records';
import {
  attributes,
  decodeItem,
  encodeValue,
  isLive,
  itemBytes,
  itemKey,
  largestItemBytes,
  type RecordCipher,
  type RecordItem,
  type RecordTable,
} from './record-item';

export interface DynamodbRecordStoreOptions {
  client: DynamoDBClient;
  tableName: string;
  /** Where the table's storage does not encrypt: values are sealed before they leave the process; keys are not. */
  cipher?: RecordCipher;
  clock?: Clock;
}

export const dynamodbClient = (connection?: AwsConnection): DynamoDBClient =>
  new DynamoDBClient(awsClientConfig(connection, { request: 5000 }));

const get = async <T>(table: RecordTable, key: RecordKey): Promise<StoredRecord<T> | undefined> => {
  const command = new GetItemCommand({ TableName: table.tableName, Key: itemKey(key), ConsistentRead: true });
  const { Item } = await callAws('read a record', table.client.send(command));
  return Item !== undefined && isLive(Item, table.clock.now())
    ? decodeItem<T>(Item, table.cipher)
    : undefined;
};

const live = '(attribute_not_exists(#expiresAtMs) OR #expiresAtMs > :now)';

/** What each expectation asks of the record that is there, and the version that it writes. */
const expectations = {
  absent: { version: ':one', condition: 'attribute_not_exists(#partition) OR #expiresAtMs <= :now' },
  any: { version: 'if_not_exists(#version, :zero) + :one', condition: undefined },
  version: { version: ':next', condition: `#version = :expected AND ${live}` },
} as const;

const expectationOf = ({ expect }: RecordWrite) =>
  expectations[typeof expect === 'number' ? 'version' : expect];

/** Only what an expression mentions: DynamoDB refuses the rest. */
const mentioned = <T>(values: Readonly<Record<string, T>>, text: string): Record<string, T> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(text)));

const placeholders = Object.fromEntries(
  Object.entries(attributes).map(([name, attribute]) => [`#${name}`, attribute]),
);

const expiryOf = (write: RecordWrite): RecordItem => {
  if (write.expiresAt === undefined) return {};
  const milliseconds = write.expiresAt.getTime();
  return {
    ':expiresAt': { N: String(Math.ceil(milliseconds / 1000)) },
    ':expiresAtMs': { N: String(milliseconds) },
  };
};

const valuesOf = (table: RecordTable, write: RecordWrite): RecordItem => {
  const expected = typeof write.expect === 'number' ? write.expect : 0;
  return {
    ':value': encodeValue(write, write.value, table.cipher),
    ':writtenBy': { S: randomUUID() },
    ':zero': { N: '0' },
    ':one': { N: '1' },
    ':expected': { N: String(expected) },
    ':next': { N: String(expected + 1) },
    ':now': { N: String(table.clock.now().getTime()) },
    ...expiryOf(write),
  };
};

/** Version, both ends and the write's name. */
const otherAttributesBytes = 160;

const tooLarge = (write: RecordWrite) =>
  new PayloadTooLargeError(
    `the record '${write.sort}' is too large: at most ${largestItemBytes} bytes are allowed, its keys included; keep large values in objects`,
  );

const refuseTooLarge = (write: RecordWrite, values: RecordItem): void => {
  const { ':value': value = { S: '' } } = values;
  if (itemBytes({ ...itemKey(write), value }) + otherAttributesBytes > largestItemBytes)
    throw tooLarge(write);
};

const updateOf = (table: RecordTable, write: RecordWrite): UpdateItemCommandInput => {
  const values = valuesOf(table, write);
  refuseTooLarge(write, values);
  const { version, condition } = expectationOf(write);
  const expiry =
    write.expiresAt === undefined
      ? 'REMOVE #expiresAt, #expiresAtMs'
      : ', #expiresAt = :expiresAt, #expiresAtMs = :expiresAtMs';
  const update = `SET #version = ${version}, #value = :value, #writtenBy = :writtenBy ${expiry}`;
  const text = `${update} ${condition ?? ''}`;
  return {
    TableName: table.tableName,
    Key: itemKey(write),
    UpdateExpression: update,
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ExpressionAttributeNames: mentioned(placeholders, text),
    ExpressionAttributeValues: mentioned(values, text),
    ReturnValues: write.expect === 'any' ? 'UPDATED_NEW' : 'NONE',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
};

/** A condition that fails because an earlier attempt of this very write got through, its answer lost, has not failed. */
const versionAfter = (write: RecordWrite, input: UpdateItemCommandInput, error: unknown): number => {
  if (/item size/i.test(String(error))) throw tooLarge(write);
  if (!(error instanceof ConditionalCheckFailedException)) throw explainAwsError('write a record', error);
  const writtenBy = error.Item?.[attributes.writtenBy]?.S;
  if (writtenBy === undefined || writtenBy !== input.ExpressionAttributeValues?.[':writtenBy']?.S)
    throw new ConditionFailedError(`the record '${write.sort}' of '${write.partition}'`, error);
  return Number(error.Item?.[attributes.version]?.N);
};

const put = async (table: RecordTable, write: RecordWrite): Promise<number> => {
  const input = updateOf(table, write);
  try {
    const { Attributes } = await table.client.send(new UpdateItemCommand(input));
    if (write.expect === 'any') return Number(Attributes?.[attributes.version]?.N);
    return write.expect === 'absent' ? 1 : write.expect + 1;
  } catch (error) {
    return versionAfter(write, input, error);
  }
};

const remove = async (table: RecordTable, key: RecordKey): Promise<void> => {
  const command = new DeleteItemCommand({ TableName: table.tableName, Key: itemKey(key) });
  await callAws('remove a record', table.client.send(command));
};

/** A record store in one DynamoDB table (`recordTable`), or in anything that speaks its API; reads are consistent. */
export const dynamodbRecordStore = (options: DynamodbRecordStoreOptions): RecordStore => {
  const { client, tableName, cipher, clock = systemClock } = options;
  const table = { client, tableName, cipher, clock };
  return {
    get: (key) => get(table, key),
    put: (write) => put(table, write),
    remove: (key) => remove(table, key),
    list: (page) => listRecords(table, page),
  };
};
