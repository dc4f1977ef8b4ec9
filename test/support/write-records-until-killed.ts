// Run as a child process: writes record after record, and prints each one's number once it is acknowledged.
import { join } from 'node:path';
import { dynamodbRecordStore } from '../../shared/adapters/aws/dynamodb-record-store';
import { openEmbeddedDynamodb } from '../../shared/adapters/embedded/embedded-dynamodb';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { openRecordCipher } from '../../shared/adapters/embedded/record-cipher';

const folder = process.argv[2] ?? '.';
const keys = await openFileKeyService(join(folder, 'key'));
const cipher = await openRecordCipher({ keys, file: join(folder, 'records.key'), purpose: 'records' });
const { client, tableName } = await openEmbeddedDynamodb(join(folder, 'records'));
const store = dynamodbRecordStore({ client, tableName, cipher });

const write = async (lane: number) => {
  for (let number = lane; ; number += 4) {
    await store.put({
      partition: 'written',
      sort: String(number).padStart(6, '0'),
      value: { number },
      expect: 'absent',
    });
    process.stdout.write(`${number}\n`);
  }
};
await Promise.all([0, 1, 2, 3].map(write));
