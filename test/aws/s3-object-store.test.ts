import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { s3Client, s3ObjectStore } from '../../shared/adapters/aws/s3-object-store';
import { ConditionFailedError, IntegrityError } from '../../shared/errors/store-errors';
import { describeObjectStore } from '../contract/ports/object-store-contract';
import { accountId, describeOnMoto, moto } from '../support/moto';

const mebibyte = 1024 * 1024;
const keyId = `arn:aws:kms:${moto.region}:${accountId}:key/${randomUUID()}`;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const setup = async () => {
  const client = s3Client(moto);
  const bucket = `ingot-${randomUUID()}`;
  const here = { LocationConstraint: 'eu-central-1' } as const;
  await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: here }));
  return { client, bucket, store: s3ObjectStore({ client, bucket, keyId }) };
};

async function* inPieces(bytes: Uint8Array) {
  for (let from = 0; from < bytes.byteLength; from += mebibyte) yield bytes.subarray(from, from + mebibyte);
}

describeOnMoto('the S3 object store', () => {
  describeObjectStore('the S3 object store', async () => (await setup()).store);

  it.each([1, 20])('encrypts under the given KMS key an object of %d MiB', async (size) => {
    const { client, bucket, store } = await setup();

    await store.put('object', inPieces(randomBytes(size * mebibyte)));

    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'object' }));
    expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyId });
  });

  it('keeps the digest of an object put in parts, declared before', async () => {
    const { store } = await setup();
    const body = randomBytes(20 * mebibyte);

    await store.put('object', inPieces(body), { sha256: sha256(body) });

    expect((await store.head('object'))?.sha256).toBe(sha256(body));
  });

  it('refuses an object in parts where one is there already, and leaves no parts behind', async () => {
    const { client, bucket, store } = await setup();
    await store.put('object', Buffer.from('first'));

    const putting = store.put('object', inPieces(randomBytes(20 * mebibyte)), { ifAbsent: true });

    await expect(putting).rejects.toBeInstanceOf(ConditionFailedError);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads).toEqual([]);
  });

  it('leaves no parts behind of a long stream that fails', async () => {
    const { client, bucket, store } = await setup();

    const putting = store.put('object', inPieces(randomBytes(40 * mebibyte)), { sha256: '0'.repeat(64) });

    await expect(putting).rejects.toBeInstanceOf(IntegrityError);
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads).toEqual([]);
  });

  it('reads the digest of what others put without one from the body, and notes it', async () => {
    const { client, bucket, store } = await setup();
    const body = randomBytes(100_000);
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'object', Body: body, ContentLength: body.byteLength }),
    );

    const first = await store.head('object');
    const second = await store.head('object');

    expect([first?.sha256, second?.sha256]).toEqual([sha256(body), sha256(body)]);
  });

  it('signs every condition of an upload into its URL (moto checks no signature, so the URL is read instead)', async () => {
    const { store } = await setup();
    const body = Buffer.from('uploaded');
    const request = { key: 'a/b', expiresInSeconds: 600, bytes: body.byteLength, sha256: sha256(body) };

    const { url, headers, method, expiresAt } = await store.presignUpload(request);

    const { searchParams, pathname } = new URL(url);
    const signed = searchParams.get('X-Amz-SignedHeaders')?.split(';') ?? [];
    expect(signed).toEqual(expect.arrayContaining([...Object.keys(headers), 'host']));
    expect(Object.keys(headers).sort()).toEqual([
      'content-length',
      'if-none-match',
      'x-amz-checksum-sha256',
      'x-amz-server-side-encryption',
      'x-amz-server-side-encryption-aws-kms-key-id',
      'x-amz-server-side-encryption-bucket-key-enabled',
    ]);
    expect([...searchParams.keys()].filter((name) => /checksum|crc32/i.test(name))).toEqual([]);
    expect([method, searchParams.get('X-Amz-Expires'), pathname.endsWith('/a/b')]).toEqual([
      'PUT',
      '600',
      true,
    ]);
    expect(Math.abs(expiresAt.getTime() - Date.now() - 600_000)).toBeLessThan(60_000);
  });

  it('uploads under the KMS key by a presigned request', async () => {
    const { client, bucket, store } = await setup();
    const body = Buffer.from('uploaded');
    const { method, url, headers } = await store.presignUpload({ key: 'object', expiresInSeconds: 60 });

    const answer = await fetch(url, { method, headers, body });

    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'object' }));
    expect([answer.status, head.ServerSideEncryption, head.SSEKMSKeyId]).toEqual([200, 'aws:kms', keyId]);
  });

  it('refuses to presign an upload that is larger than S3 takes in one request', async () => {
    const { store } = await setup();

    const presigning = store.presignUpload({ key: 'object', expiresInSeconds: 60, bytes: 6 * 1024 ** 3 });

    await expect(presigning).rejects.toMatchObject({ name: 'PayloadTooLargeError' });
  });

  it('signs name, type and end of life of a download into its URL', async () => {
    const { store } = await setup();

    const { url, headers, method, expiresAt } = await store.presignDownload({
      key: 'a/b/report.html',
      expiresInSeconds: 600,
      contentType: 'text/html; charset=utf-8',
    });

    const { searchParams, pathname } = new URL(url);
    expect([method, headers, pathname.endsWith('/a/b/report.html')]).toEqual(['GET', {}, true]);
    expect(searchParams.get('response-content-disposition')).toBe('attachment; filename="report.html"');
    expect(searchParams.get('response-content-type')).toBe('text/html; charset=utf-8');
    expect(searchParams.get('X-Amz-SignedHeaders')).toBe('host');
    expect(searchParams.get('X-Amz-Expires')).toBe('600');
    expect(Math.abs(expiresAt.getTime() - Date.now() - 600_000)).toBeLessThan(60_000);
  });

  it('fails, not retryable, for a bucket that is not there', async () => {
    const store = s3ObjectStore({ client: s3Client(moto), bucket: `none-${randomUUID()}`, keyId });

    const putting = store.put('object', Buffer.from('x'));

    await expect(putting).rejects.toMatchObject({ name: 'DependencyError', retryable: false });
    await expect(putting).rejects.toThrow("cannot store the object 'object': there is no such resource");
  });
});
