import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type PolicyDocument, sessionPolicyOf } from '../../../shared/adapters/aws/session-policy';
import { openFileKeyService } from '../../../shared/adapters/embedded/file-key-service';
import { openFileObjectStore } from '../../../shared/adapters/embedded/file-object-store';
import { grantedObjectStore } from '../../../shared/adapters/embedded/granted-object-store';
import { signedUrls } from '../../../shared/adapters/embedded/signed-urls';
import type { JobGrant } from '../../../shared/contracts/job-files';
import { PayloadTooLargeError } from '../../../shared/errors/request-errors';
import { InvalidObjectKeyError, OutsideGrantError } from '../../../shared/errors/store-errors';
import type { ObjectStore } from '../../../shared/ports/object-store';

const resources = {
  bucketArn: 'arn:aws:s3:::ingot-dev-artifacts',
  eventQueueArn: 'arn:aws:sqs:eu-central-1:123456789012:events',
  keyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1',
};
const other = 'arn:aws:sqs:eu-central-1:123456789012:jobs';

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  const keys = await openFileKeyService(join(folder, 'key'));
  const uploads = signedUrls({ baseUrl: 'http://127.0.0.1', signingKey: keys.derive('uploads') });
  store = await openFileObjectStore({ folder, keys, uploads });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const listOf = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

/** As IAM matches a pattern, as far as session policies go: '*' stands for anything, all else for itself. */
const matches = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.?+^$[\]{}()|\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(text);

const allows = (policy: PolicyDocument, action: string, resource: string, prefix?: string): boolean =>
  policy.Statement.some(
    ({ Action, Resource, Condition }) =>
      listOf(Action).some((pattern) => matches(pattern, action)) &&
      listOf(Resource).some((pattern) => matches(pattern, resource)) &&
      (Condition === undefined ||
        listOf(Condition.StringLike?.['s3:prefix'] ?? []).some(
          (pattern) => prefix !== undefined && matches(pattern, prefix),
        )),
  );

const allowsObject = (policy: PolicyDocument, action: string, key: string) =>
  allows(policy, action, `${resources.bucketArn}/${key}`);

/** False when the grant refuses; what the store itself says does not matter. */
const isLet = async (attempt: () => Promise<unknown>): Promise<boolean> => {
  try {
    await attempt();
    return true;
  } catch (error) {
    return !(error instanceof OutsideGrantError);
  }
};

const listAll = async (from: ObjectStore, prefix: string) => {
  const keys: string[] = [];
  for await (const { key } of from.list(prefix)) keys.push(key);
  return keys;
};

const segment = fc.constantFrom('a', 'ab', 'a.b', 'job_1', 'job_12', '-');
const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const entry = fc.tuple(key, fc.constantFrom('', '/')).map((parts) => parts.join(''));
const grant: fc.Arbitrary<JobGrant> = fc.record({
  read: fc.array(entry, { maxLength: 3 }),
  write: fc.array(entry, { maxLength: 3 }),
});

describe("a job's grant", () => {
  it('lets the same objects be read, written and removed at home as in its IAM session', async () => {
    const law = fc.asyncProperty(grant, key, async (given, wanted) => {
      const granted = grantedObjectStore(store, given);
      const policy = sessionPolicyOf(given, resources);

      const reads = [
        await isLet(() => granted.head(wanted)),
        await isLet(() => granted.get(wanted)),
        await isLet(() => granted.presignDownload({ key: wanted, expiresInSeconds: 60, contentType: 'a/b' })),
      ];
      const writes = [
        await isLet(() => granted.put(wanted, Buffer.from('x'))),
        await isLet(() => granted.presignUpload({ key: wanted, expiresInSeconds: 60 })),
        await isLet(() => granted.remove(wanted)),
      ];

      const read = allowsObject(policy, 's3:GetObject', wanted);
      const write = allowsObject(policy, 's3:PutObject', wanted);
      expect(reads).toEqual([read, read, read]);
      expect(writes).toEqual([write, write, allowsObject(policy, 's3:DeleteObject', wanted)]);
    });

    await fc.assert(law, { numRuns: 300 });
  });

  it('lets the same prefixes be listed at home as in its IAM session', async () => {
    const prefix = fc.tuple(key, fc.constantFrom('', '/', '/j')).map((parts) => parts.join(''));
    const law = fc.asyncProperty(grant, fc.oneof(prefix, fc.constant('')), async (given, wanted) => {
      const granted = grantedObjectStore(store, given);
      const policy = sessionPolicyOf(given, resources);

      const atHome = await isLet(() => listAll(granted, wanted));

      expect(atHome).toBe(allows(policy, 's3:ListBucket', resources.bucketArn, wanted));
    });

    await fc.assert(law, { numRuns: 300 });
  });

  it('is one data set, its own folders and its events, for a real job', async () => {
    const own = ['artifacts/t1/job_1/', 'checkpoints/t1/job_1/'];
    const given = { read: ['datasets/t1/ds_1/source', ...own], write: own };
    await store.put('checkpoints/t1/job_1/step-1', Buffer.from('x'));
    const granted = grantedObjectStore(store, given);
    const policy = sessionPolicyOf(given, resources);

    const listed = await listAll(granted, 'checkpoints/t1/job_1/');

    expect(listed).toEqual(['checkpoints/t1/job_1/step-1']);
    await expect(granted.put('datasets/t1/ds_1/source', Buffer.from('x'))).rejects.toBeInstanceOf(
      OutsideGrantError,
    );
    await expect(granted.get('datasets/t2/ds_1/source')).rejects.toThrow('outside its grant');
    await expect(granted.get('artifacts/t1/job_12/model')).rejects.toBeInstanceOf(OutsideGrantError);
    await expect(listAll(granted, 'artifacts/')).rejects.toBeInstanceOf(OutsideGrantError);
    expect(allows(policy, 'sqs:SendMessage', resources.eventQueueArn)).toBe(true);
    expect(allows(policy, 'sqs:SendMessage', other)).toBe(false);
    expect(allows(policy, 'sqs:ReceiveMessage', resources.eventQueueArn)).toBe(false);
  });

  it('that is empty lets nothing through', async () => {
    const given = { read: [], write: [] };
    const policy = sessionPolicyOf(given, resources);

    const reading = grantedObjectStore(store, given).get('a');

    await expect(reading).rejects.toBeInstanceOf(OutsideGrantError);
    expect(
      policy.Statement.flatMap(({ Action }) => listOf(Action)).filter((action) => action.startsWith('s3:')),
    ).toEqual([]);
  });

  it.each(['datasets/*', '*', 'a?b', `a/$${'{aws:username}'}/`, '../', 'a//'])(
    'refuses the entry %j, which IAM could take for more',
    (odd) => {
      const asking = () => sessionPolicyOf({ read: [odd], write: [] }, resources);

      expect(asking).toThrow(InvalidObjectKeyError);
    },
  );

  it('fits into a session policy for the longest names and a data set to test on', () => {
    const tenant = 'a'.repeat(63);
    const job = `job_${'0'.repeat(26)}`;
    const own = [`artifacts/${tenant}/${job}/`, `checkpoints/${tenant}/${job}/`];
    const files = ['data.parquet', 'profile.json', 'test-data.parquet', 'test-profile.json'];
    const read = [...files.map((file) => `artifacts/${tenant}/${job}/attempt-1/${file}`), ...own];
    const longNames = {
      ...resources,
      bucketArn: `arn:aws:s3:::${'b'.repeat(50)}`,
      eventQueueArn: `${other}${'q'.repeat(40)}`,
    };

    const policy = sessionPolicyOf({ read, write: own }, longNames);

    expect(JSON.stringify(policy).length).toBeLessThanOrEqual(2048);
  });

  it('refuses to become a session policy that is longer than IAM takes', () => {
    const read = Array.from({ length: 40 }, (_, index) => `datasets/t1/ds_${index}/source`);

    const asking = () => sessionPolicyOf({ read, write: [] }, resources);

    expect(asking).toThrow(PayloadTooLargeError);
    expect(asking).toThrow('but IAM takes 2048');
  });
});
