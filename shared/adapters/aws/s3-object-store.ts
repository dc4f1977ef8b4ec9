import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { ConditionFailedError, IntegrityError, ObjectNotFoundError } from '../../errors/store-errors';
import { type Clock, systemClock } from '../../ports/clock';
import { checkKeyPrefix, checkObjectKey } from '../../ports/object-key';
import type { ObjectBody, ObjectInfo, ObjectStore, PutOptions } from '../../ports/object-store';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { awsErrorStatus, callAws, explainAwsError } from './aws-errors';
import { type Bucket, bodyOf, digestName, digestOf, noteDigest } from './s3-digest';
import { presignDownload, presignUpload } from './s3-presign';

export interface S3ObjectStoreOptions {
  client: S3Client;
  bucket: string;
  /** The KMS key that encrypts what is put. */
  keyId: string;
  clock?: Clock;
}

type Store = Required<S3ObjectStoreOptions>;

/** Path-style only where an endpoint is given, which has no names for buckets. */
export const s3Client = (connection: AwsConnection = {}): S3Client =>
  new S3Client({
    ...awsClientConfig(connection, { request: 60_000 }),
    forcePathStyle: connection.endpoint !== undefined,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });

const partBytes = 16 * 1024 * 1024;
const partsAtOnce = 3;
const headsAtOnce = 16;

const listed = async ({ client, bucket }: Bucket, key: string): Promise<boolean> => {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 });
  const { Contents = [] } = await client.send(command);
  return Contents[0]?.Key === key;
};

/**
 * True where there is no object. S3 says 403 instead of 404 to those who may not list the whole bucket, as a job's
 * container: asked for the key alone, it tells.
 */
const isAbsent = async (store: Store, key: string, error: unknown): Promise<boolean> => {
  const status = awsErrorStatus(error);
  if (status !== 403) return status === 404;
  return listed(store, key).then(
    (isThere) => !isThere,
    () => false,
  );
};

const headOf = async (store: Store, key: string): Promise<HeadObjectCommandOutput | undefined> => {
  try {
    return await store.client.send(
      new HeadObjectCommand({ Bucket: store.bucket, Key: key, ChecksumMode: 'ENABLED' }),
    );
  } catch (error) {
    if (await isAbsent(store, key, error)) return undefined;
    throw explainAwsError(`look at the object '${key}'`, error);
  }
};

const head = async (store: Store, key: string): Promise<ObjectInfo | undefined> => {
  const found = await headOf(store, checkObjectKey(key));
  if (found === undefined) return undefined;
  return {
    key,
    bytes: found.ContentLength ?? 0,
    sha256: await digestOf(store, key, found),
    modifiedAt: found.LastModified ?? new Date(0),
  };
};

/** S3's checksums are compared while the body streams; the SDK says so when they differ. */
const isWrongChecksum = (error: unknown): boolean => /checksum mismatch/i.test(String(error));

async function* streamed(key: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    if (isWrongChecksum(error))
      throw new IntegrityError(`the object '${key}' is not what was written`, error);
    throw explainAwsError(`read the object '${key}'`, error);
  }
}

const get = async (store: Store, key: string): Promise<AsyncIterable<Uint8Array>> => {
  try {
    const command = new GetObjectCommand({
      Bucket: store.bucket,
      Key: checkObjectKey(key),
      ChecksumMode: 'ENABLED',
    });
    return streamed(key, bodyOf(await store.client.send(command)));
  } catch (error) {
    if (await isAbsent(store, key, error)) throw new ObjectNotFoundError(key, error);
    throw explainAwsError(`read the object '${key}'`, error);
  }
};

/** Measures a body as it passes, and ends it with an `IntegrityError` instead of its last byte where the digest is not the declared one. */
const measuring = (key: string, declared: string | undefined) => {
  const digest = createHash('sha256');
  const measured = { bytes: 0, sha256: '' };
  async function* pass(body: ObjectBody): AsyncGenerator<Uint8Array> {
    for await (const piece of body instanceof Uint8Array ? [body] : body) {
      digest.update(piece);
      measured.bytes += piece.byteLength;
      yield piece;
    }
    measured.sha256 = digest.digest('hex');
    if (declared !== undefined && declared !== measured.sha256)
      throw new IntegrityError(
        `the body of '${key}' has the sha256 ${measured.sha256}, not ${declared}: nothing was stored`,
      );
  }
  return { measured, pass };
};

interface Put {
  key: string;
  body: ObjectBody;
  options: PutOptions;
}

/** In one request where the body is shorter than a part; else in parts, of which never more than three are in memory. */
const uploadOf = (store: Store, { key, options }: Put, body: AsyncIterable<Uint8Array>): Upload =>
  new Upload({
    client: store.client,
    partSize: partBytes,
    queueSize: partsAtOnce,
    params: {
      Bucket: store.bucket,
      Key: key,
      Body: Readable.from(body, { objectMode: false }),
      ChecksumAlgorithm: 'SHA256',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: store.keyId,
      BucketKeyEnabled: true,
      ...(options.ifAbsent === true ? { IfNoneMatch: '*' } : {}),
      ...(options.sha256 === undefined ? {} : { Metadata: { [digestName]: options.sha256 } }),
    },
  });

const conflict = (key: string) => (cause: unknown) => new ConditionFailedError(`the object '${key}'`, cause);

const put = async (store: Store, request: Put): Promise<ObjectInfo> => {
  const { key, options } = request;
  const { measured, pass } = measuring(checkObjectKey(key), options.sha256);
  const upload = uploadOf(store, request, pass(request.body));
  await callAws(`store the object '${key}'`, upload.done(), {
    PreconditionFailed: conflict(key),
    ConditionalRequestConflict: conflict(key),
    BadDigest: (cause) => new IntegrityError(`the object '${key}' was changed on its way`, cause),
  });
  const isInParts = upload.uploadId !== undefined;
  if (isInParts && options.sha256 === undefined) await noteDigest(store, key, measured.sha256);
  return { key, ...measured, modifiedAt: store.clock.now() };
};

const remove = async (store: Store, key: string): Promise<void> => {
  const command = new DeleteObjectCommand({ Bucket: store.bucket, Key: checkObjectKey(key) });
  await callAws(`remove the object '${key}'`, store.client.send(command));
};

/** S3 lists without digests: each object is looked at, several at once. */
async function* list(store: Store, prefix: string): AsyncGenerator<ObjectInfo> {
  const pages = paginateListObjectsV2(
    { client: store.client },
    { Bucket: store.bucket, Prefix: checkKeyPrefix(prefix) },
  );
  try {
    for await (const { Contents = [] } of pages) {
      const keys = Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
      for (let from = 0; from < keys.length; from += headsAtOnce) {
        const infos = await Promise.all(keys.slice(from, from + headsAtOnce).map((key) => head(store, key)));
        yield* infos.filter((info) => info !== undefined);
      }
    }
  } catch (error) {
    throw explainAwsError(`list the objects under '${prefix}'`, error);
  }
}

/** An object store in an S3 bucket: SSE-KMS under the given key, and SHA-256 checked by S3 on every request that carries bytes. */
export const s3ObjectStore = (options: S3ObjectStoreOptions): ObjectStore => {
  const store = { clock: systemClock, ...options };
  return {
    head: (key) => head(store, key),
    get: (key) => get(store, key),
    put: (key, body, putOptions = {}) => put(store, { key, body, options: putOptions }),
    remove: (key) => remove(store, key),
    list: (prefix) => list(store, prefix),
    presignUpload: async (request) => {
      checkObjectKey(request.key);
      return presignUpload(store, request, store.clock.now());
    },
    presignDownload: async (request) => presignDownload(store, request, store.clock.now()),
  };
};
