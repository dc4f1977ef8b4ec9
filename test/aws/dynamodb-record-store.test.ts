import { randomUUID } from 'node:crypto';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { dynamodbClient, dynamodbRecordStore } from '../../shared/adapters/aws/dynamodb-record-store';
import { recordTable } from '../../shared/adapters/aws/record-item';
import { describeRecordStore } from '../contract/ports/record-store-contract';
import { describeOnMoto, moto } from '../support/moto';

describeOnMoto('the DynamoDB record store', () => {
  describeRecordStore('the DynamoDB record store', async (clock) => {
    const client = dynamodbClient(moto);
    const tableName = randomUUID();
    await client.send(new CreateTableCommand(recordTable(tableName)));
    return dynamodbRecordStore({ client, tableName, clock });
  });
});
