import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dynamodbRecordStore } from '../../../shared/adapters/aws/dynamodb-record-store';
import {
  type EmbeddedDynamodb,
  openEmbeddedDynamodb,
} from '../../../shared/adapters/embedded/embedded-dynamodb';
import { openFileKeyService } from '../../../shared/adapters/embedded/file-key-service';
import { openRecordCipher } from '../../../shared/adapters/embedded/record-cipher';
import { ConfigurationError } from '../../../shared/errors/job-errors';
import { IntegrityError } from '../../../shared/errors/store-errors';
import type { Clock } from '../../../shared/ports/clock';
import { describeRecordStore } from './record-store-contract';

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const aFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Opens the records that the folder holds, as the embedded cloud does. */
const openRecords = async (folder: string, clock?: Clock) => {
  const keys = await openFileKeyService(join(folder, 'key'));
  const cipher = await openRecordCipher({ keys, file: join(folder, 'records.key'), purpose: 'records' });
  const database = await openEmbeddedDynamodb(join(folder, 'records'));
  const { client, tableName } = database;
  const store = dynamodbRecordStore({ client, tableName, cipher, ...(clock === undefined ? {} : { clock }) });
  return { store, database, cipher };
};

const setup = async () => {
  const folder = await aFolder();
  const opened = await openRecords(folder);
  const open: EmbeddedDynamodb[] = [opened.database];
  closing.push(async () => open.at(-1)?.close());
  const reopen = async () => {
    await open.at(-1)?.close();
    const again = await openRecords(folder);
    open.push(again.database);
    return again;
  };
  return { folder, ...opened, reopen };
};

describeRecordStore('the record store on embedded DynamoDB, with a cipher', async (clock) => {
  const { store, database } = await openRecords(await aFolder(), clock);
  closing.push(() => database.close());
  return store;
});

describeRecordStore('the record store on embedded DynamoDB, without a cipher', async (clock) => {
  const database = await openEmbeddedDynamodb(await aFolder());
  closing.push(() => database.close());
  return dynamodbRecordStore({ client: database.client, tableName: database.tableName, clock });
});

const filesBelow = async (folder: string): Promise<Buffer[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name))),
  );
};

describe('embedded records', () => {
  const key = { partition: 'tenant#t1#job', sort: 'job_1' };
  const secret = 'a-secret-that-nobody-may-find';

  it('are there after a restart', async () => {
    const { store, reopen } = await setup();
    await store.put({ ...key, value: { secret }, expect: 'absent' });

    const { store: restarted } = await reopen();

    expect(await restarted.get(key)).toEqual({ ...key, value: { secret }, version: 1 });
  });

  it('cannot be read on the disk', async () => {
    const { folder, store, database } = await setup();
    for (let n = 0; n < 200; n += 1)
      await store.put({ ...key, value: { secret: `${secret}${n}` }, expect: 'any' });
    await database.close();

    const files = await filesBelow(folder);

    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((bytes) => bytes.includes(secret))).toEqual([]);
    expect(
      files.filter((bytes) => bytes.includes(Buffer.from(secret).toString('base64').slice(0, 20))),
    ).toEqual([]);
    const { database: again } = await openRecords(folder);
    closing.push(() => again.close());
  });

  it('refuse a value that was moved from another record', async () => {
    const { store, database, cipher } = await setup();
    const value = cipher.seal(Buffer.from('{}'), JSON.stringify(['tenant#t1#job', 'job_2']));
    const moved = dynamodbRecordStore({ ...database, cipher: { ...cipher, seal: () => value } });
    await moved.put({ ...key, value: {}, expect: 'absent' });

    const reading = store.get(key);

    await expect(reading).rejects.toBeInstanceOf(IntegrityError);
  });

  it('refuse to be read without their cipher', async () => {
    const { store, database } = await setup();
    await store.put({ ...key, value: {}, expect: 'absent' });

    const reading = dynamodbRecordStore({ ...database }).get(key);

    await expect(reading).rejects.toThrow('is encrypted, against the settings of this process');
  });

  it('fail to open a second time, with a clear error', async () => {
    const { folder, store } = await setup();

    const opening = openEmbeddedDynamodb(join(folder, 'records'));

    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opening).rejects.toThrow('in use by another process');
    expect(await store.get(key)).toBeUndefined();
  });

  it('open in a folder with a very long name', async () => {
    const folder = join(await aFolder(), 'long'.repeat(30));
    const database = await openEmbeddedDynamodb(folder);
    closing.push(() => database.close());

    const store = dynamodbRecordStore({ ...database });

    expect(await store.put({ ...key, value: 1, expect: 'absent' })).toBe(1);
  });

  it('outlive a caller that goes away in the middle of a request', async () => {
    const { folder, store } = await setup();
    const socket = connect({ path: join(folder, 'records', 'records.sock') });
    const request = ['POST / HTTP/1.1', 'host: localhost', 'content-length: 1000', '', '{"half":'].join(
      '\r\n',
    );
    await new Promise<void>((resolve) => socket.write(request, () => resolve()));

    socket.destroy();

    expect(await store.put({ ...key, value: 1, expect: 'absent' })).toBe(1);
  });

  it('keep every acknowledged write when their process is killed', async () => {
    const folder = await aFolder();
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      join('test', 'support', 'write-records-until-killed.ts'),
      folder,
    ]);
    const acknowledged: number[] = [];
    child.stdout.on('data', (text: Buffer) => {
      acknowledged.push(...text.toString().split('\n').filter(Boolean).map(Number));
      if (acknowledged.length > 400) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));

    const { store, database } = await openRecords(folder);
    closing.push(() => database.close());

    const { records } = await store.list<{ number: number }>({ partition: 'written', limit: 5000 });
    const found = new Set(records.map(({ value }) => value.number));
    expect(acknowledged.length).toBeGreaterThan(400);
    expect(acknowledged.filter((number) => !found.has(number))).toEqual([]);
  });

  it('refuse a data key that was exchanged', async () => {
    const { folder, database } = await setup();
    await writeFile(join(folder, 'records.key'), Buffer.alloc(61));

    const opening = openRecords(folder);

    await expect(opening).rejects.toBeInstanceOf(IntegrityError);
    expect(database.tableName).toBe('ingot');
  });
});
