import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb';
import type { RecordPage, StoredRecord } from '../../ports/record-store';
import { callAws } from './aws-errors';
import { attributes, decodeItem, isLive, itemKey, type RecordItem, type RecordTable } from './record-item';

/** Behind a record that has ended there may be many: later queries of a page do not ask for one at a time. */
const leastLaterItems = 25;

type Start = RecordItem | undefined;

/**
 * Where the query begins. DynamoDB takes only start keys that match the prefix; any other `after` lies before all
 * matches (start with the first) or behind them (undefined: there is nothing to list).
 */
const startOf = (page: RecordPage): { key: Start } | undefined => {
  const { after, prefix = '', partition, order } = page;
  if (after === undefined) return { key: undefined };
  if (after.startsWith(prefix)) return { key: itemKey({ partition, sort: after }) };
  const isBelow = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) < 0;
  return isBelow === (order !== 'desc') ? { key: undefined } : undefined;
};

const query = (
  table: RecordTable,
  page: RecordPage,
  from: { start: Start; limit: number },
): Promise<QueryCommandOutput> => {
  const { prefix = '' } = page;
  const ofPartition = `${attributes.partition} = :pk`;
  const command = new QueryCommand({
    TableName: table.tableName,
    KeyConditionExpression:
      prefix === '' ? ofPartition : `${ofPartition} AND begins_with(${attributes.sort}, :prefix)`,
    ExpressionAttributeValues: {
      ':pk': { S: page.partition },
      ...(prefix === '' ? {} : { ':prefix': { S: prefix } }),
    },
    ScanIndexForward: page.order !== 'desc',
    ConsistentRead: true,
    Limit: from.limit,
    ExclusiveStartKey: from.start,
  });
  return callAws('list records', table.client.send(command));
};

const liveItems = async (table: RecordTable, page: RecordPage, first: Start): Promise<RecordItem[]> => {
  const found: RecordItem[] = [];
  const wanted = page.limit + 1;
  let start = first;
  let limit = wanted;
  do {
    const { Items = [], LastEvaluatedKey } = await query(table, page, { start, limit });
    const now = table.clock.now();
    found.push(...Items.filter((item) => isLive(item, now)));
    start = LastEvaluatedKey;
    limit = Math.max(wanted - found.length, leastLaterItems);
  } while (start !== undefined && found.length < wanted);
  return found;
};

/** One page of a partition; `hasMore` is exact, also where records have ended or DynamoDB cut its answer at 1 MB. */
export const listRecords = async <T>(
  table: RecordTable,
  page: RecordPage,
): Promise<{ records: StoredRecord<T>[]; hasMore: boolean }> => {
  const start = startOf(page);
  const items = start === undefined ? [] : await liveItems(table, page, start.key);
  const records = items.slice(0, page.limit).map((item) => decodeItem<T>(item, table.cipher));
  return { records, hasMore: items.length > page.limit };
};
