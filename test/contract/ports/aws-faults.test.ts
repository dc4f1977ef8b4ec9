import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { awsClientConfig } from '../../../shared/adapters/aws/aws-client';
import { dynamodbRecordStore } from '../../../shared/adapters/aws/dynamodb-record-store';
import { kmsKeyService } from '../../../shared/adapters/aws/kms-key-service';
import { s3Client, s3ObjectStore } from '../../../shared/adapters/aws/s3-object-store';
import { sqsMessageQueue } from '../../../shared/adapters/aws/sqs-message-queue';
import { vendedCredentials } from '../../../shared/adapters/aws/vended-credentials';
import { ConditionFailedError, ObjectNotFoundError } from '../../../shared/errors/store-errors';
import { type HttpStub, type StubAnswer, type StubRequest, startHttpStub } from '../../support/http-stub';

let stub: HttpStub | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

const setup = async (answer: (request: StubRequest) => StubAnswer | undefined) => {
  stub = await startHttpStub(answer);
  const { endpoint, requests } = stub;
  const connection = {
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
  const queueUrl = `${endpoint}/1/queue`;
  return {
    requests,
    connection,
    queue: sqsMessageQueue({ queueUrl, connection }),
    keys: kmsKeyService({ keyId: 'key', connection }),
    objects: s3ObjectStore({ client: s3Client(connection), bucket: 'bucket', keyId: 'key' }),
    records: dynamodbRecordStore({
      client: new DynamoDBClient(awsClientConfig(connection)),
      tableName: 'table',
    }),
  };
};

const json = (status: number, body: unknown): StubAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
});
const refusal = (name: string, status = 400): StubAnswer =>
  json(status, { __type: `com.amazonaws#${name}`, message: 'because' });
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const key = { partition: 'p', sort: 's' };

describe('the AWS adapters, when AWS does not do what it is asked', () => {
  it.each([
    {
      name: 'ProvisionedThroughputExceededException',
      status: 400,
      retryable: true,
      hint: 'AWS is throttling',
    },
    { name: 'ThrottlingException', status: 400, retryable: true, hint: 'AWS is throttling' },
    { name: 'InternalServerError', status: 500, retryable: true, hint: 'AWS had a fault of its own' },
    { name: 'ServiceUnavailable', status: 503, retryable: true, hint: 'AWS had a fault of its own' },
    {
      name: 'AccessDeniedException',
      status: 400,
      retryable: false,
      hint: 'the role of this process lacks a permission',
    },
    {
      name: 'ExpiredTokenException',
      status: 400,
      retryable: false,
      hint: 'credentials of this process are missing, expired',
    },
    {
      name: 'UnrecognizedClientException',
      status: 400,
      retryable: false,
      hint: 'credentials of this process',
    },
    { name: 'ResourceNotFoundException', status: 400, retryable: false, hint: 'there is no such resource' },
    {
      name: 'ValidationException',
      status: 400,
      retryable: false,
      hint: 'AWS refused the request (ValidationException: because)',
    },
  ])('fails with what helps when DynamoDB says $name', async ({ name, status, retryable, hint }) => {
    const { records } = await setup(() => refusal(name, status));

    const reading = records.get(key);

    await expect(reading).rejects.toMatchObject({ name: 'DependencyError', fault: 'dependency', retryable });
    await expect(reading).rejects.toThrow(hint);
  });

  it('tries again by itself what may pass', async () => {
    let answered = 0;
    const { records, requests } = await setup(() => {
      answered += 1;
      return answered < 3 ? refusal('InternalServerError', 500) : json(200, {});
    });

    const record = await records.get(key);

    expect([record, requests.length]).toEqual([undefined, 3]);
  });

  it('fails, retryable, when nobody answers at the address', async () => {
    const { keys } = await setup(() => undefined);
    await stub?.close();

    const making = keys.generateDataKey({});

    await expect(making).rejects.toMatchObject({ name: 'DependencyError', retryable: true });
    await expect(making).rejects.toThrow('could not be reached');
  });

  it('fails, retryable, when an answer does not come in time', async () => {
    const { connection } = await setup(() => undefined);
    const config = { ...awsClientConfig(connection, { request: 200 }), maxAttempts: 1 };
    const records = dynamodbRecordStore({ client: new DynamoDBClient(config), tableName: 'table' });

    const reading = records.get(key);

    await expect(reading).rejects.toMatchObject({ name: 'DependencyError', retryable: true });
  });

  it('takes a write as done whose first attempt got through, though its answer was lost', async () => {
    let writtenBy: unknown;
    const { records, requests } = await setup(({ body }) => {
      if (writtenBy !== undefined)
        return json(400, {
          __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
          message: 'The conditional request failed',
          Item: { version: { N: '1' }, written_by: writtenBy },
        });
      writtenBy = JSON.parse(body).ExpressionAttributeValues[':writtenBy'];
      return refusal('InternalServerError', 500);
    });

    const version = await records.put({ ...key, value: 'x', expect: 'absent' });

    expect([version, requests.length]).toEqual([1, 2]);
  });

  it('refuses a write whose place another writer took', async () => {
    const { records } = await setup(() =>
      json(400, {
        __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
        message: 'The conditional request failed',
        Item: { version: { N: '1' }, written_by: { S: 'another' } },
      }),
    );

    const writing = records.put({ ...key, value: 'x', expect: 'absent' });

    await expect(writing).rejects.toBeInstanceOf(ConditionFailedError);
  });

  it('sends again those messages of a batch that SQS did not take', async () => {
    const { queue, requests } = await setup(({ body }) => {
      const { Entries } = JSON.parse(body) as { Entries: { Id: string; MessageBody: string }[] };
      const isFirst = requests.length === 1;
      const failed = Entries.filter(({ MessageBody }) => isFirst && MessageBody !== 'a');
      const taken = Entries.filter((entry) => !failed.includes(entry));
      return json(200, {
        Successful: taken.map(({ Id, MessageBody }) => ({
          Id,
          MessageId: Id,
          MD5OfMessageBody: md5(MessageBody),
        })),
        Failed: failed.map(({ Id }) => ({
          Id,
          Code: 'InternalError',
          Message: 'try again',
          SenderFault: false,
        })),
      });
    });

    await queue.send(['a', 'b', 'c'].map((body) => ({ body, group: 'g' })));

    const bodies = requests.map(({ body }) =>
      JSON.parse(body).Entries.map((entry: { MessageBody: string }) => entry.MessageBody),
    );
    expect(bodies).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ]);
  });

  it('fails, not retryable, for messages of a batch that are our own fault', async () => {
    const { queue, requests } = await setup(({ body }) => {
      const { Entries } = JSON.parse(body) as { Entries: { Id: string }[] };
      return json(200, {
        Failed: Entries.map(({ Id }) => ({ Id, Code: 'InvalidMessage', Message: 'odd', SenderFault: true })),
      });
    });

    const sending = queue.send([{ body: 'a', group: 'g' }]);

    await expect(sending).rejects.toMatchObject({ name: 'DependencyError', retryable: false });
    expect(requests).toHaveLength(1);
  });

  it('says that an object is absent where S3 says 403 to those who may list a prefix only', async () => {
    const { objects } = await setup(({ method, url }) => {
      const isList = method === 'GET' && url.includes('list-type=2');
      return isList
        ? { status: 200, body: '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>' }
        : { status: 403 };
    });

    const head = await objects.head('checkpoints/t/job/step-1');

    expect(head).toBeUndefined();
    await expect(objects.get('checkpoints/t/job/step-1')).rejects.toBeInstanceOf(ObjectNotFoundError);
  });

  it('fails, not retryable, where S3 refuses to tell anything', async () => {
    const body = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const { objects } = await setup(() => ({ status: 403, body }));

    const reading = objects.get('datasets/other/source');

    await expect(reading).rejects.toMatchObject({ name: 'DependencyError', retryable: false });
    await expect(reading).rejects.toThrow('access denied: the role of this process lacks a permission');
    await expect(objects.head('datasets/other/source')).rejects.toThrow('access denied');
  });
});

describe("a container's credentials", () => {
  const request = { tenant: 't1', job_id: 'job_1', attempt: 1, token: 'the-token' };
  const issued = (minutes: number, name: string) =>
    json(200, {
      access_key_id: name,
      secret_access_key: 'secret',
      session_token: 'session',
      expiration: new Date(Date.now() + minutes * 60_000).toISOString(),
    });
  const failed = (payload: unknown): StubAnswer => ({
    ...json(200, payload),
    headers: { 'x-amz-function-error': 'Unhandled' },
  });
  const setupVended = async (answer: (requests: number) => StubAnswer) => {
    const { connection, requests } = await setup(() => answer(requests.length));
    const time = { aheadMs: 0 };
    const clock = { now: () => new Date(Date.now() + time.aheadMs) };
    return {
      requests,
      time,
      credentials: vendedCredentials({ functionName: 'issue', request, connection, clock }),
    };
  };

  it('are got for the token, once for all who ask', async () => {
    const { credentials, requests } = await setupVended(() => issued(60, 'first'));

    const [one, two] = await Promise.all([credentials(), credentials()]);
    const three = await credentials();

    expect(one).toMatchObject({ accessKeyId: 'first', secretAccessKey: 'secret', sessionToken: 'session' });
    expect([two, three]).toEqual([one, one]);
    expect(requests.map(({ url, body }) => [url, JSON.parse(body)])).toEqual([
      ['/2015-03-31/functions/issue/invocations', request],
    ]);
  });

  it('are got anew ten minutes before they expire', async () => {
    const { credentials, time } = await setupVended((count) => issued(60 * count, `number ${count}`));
    await credentials();
    time.aheadMs = 51 * 60_000;

    const [renewed, again] = await Promise.all([credentials(), credentials()]);

    expect([renewed?.accessKeyId, again?.accessKeyId]).toEqual(['number 2', 'number 2']);
  });

  it.each([
    {
      what: 'the token',
      payload: { errorType: 'UnauthenticatedError', errorMessage: 'wrong token' },
      retryable: false,
    },
    {
      what: 'a job that has ended',
      payload: { errorType: 'ConflictError', errorMessage: 'the job has failed' },
      retryable: false,
    },
    {
      what: 'its own time',
      payload: { errorType: 'Sandbox.Timedout', errorMessage: 'Task timed out' },
      retryable: true,
    },
    {
      what: 'its own table',
      payload: { errorType: 'DependencyError', errorMessage: 'throttled' },
      retryable: true,
    },
  ])('fail when the function stumbles over $what', async ({ payload, retryable }) => {
    const { credentials } = await setupVended(() => failed(payload));

    const asking = credentials();

    await expect(asking).rejects.toMatchObject({ name: 'DependencyError', retryable });
    await expect(asking).rejects.toThrow(`refused (${payload.errorType}: ${payload.errorMessage})`);
  });

  it('fail once, and are asked for again', async () => {
    const { credentials } = await setupVended((count) =>
      count === 1 ? json(200, { odd: true }) : issued(60, 'second'),
    );

    const first = credentials();

    await expect(first).rejects.toThrow('an answer that makes no sense');
    expect((await credentials()).accessKeyId).toBe('second');
  });
});
