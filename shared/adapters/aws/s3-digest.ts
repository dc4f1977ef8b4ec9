import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectTaggingCommand,
  type HeadObjectCommandOutput,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { callAws } from './aws-errors';

/** Object metadata and object tag that hold the digest where S3 does not. */
export const digestName = 'sha256';
const hexDigest = /^[0-9a-f]{64}$/;

export const toBase64 = (sha256: string): string => Buffer.from(sha256, 'hex').toString('base64');
const toHex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

/** An answer's body as a stream, also where it has none. */
export const bodyOf = ({ Body }: GetObjectCommandOutput): Readable =>
  Body instanceof Readable ? Body : Readable.from([]);

export interface Bucket {
  client: S3Client;
  bucket: string;
}

const isDigest = (text: string | undefined): text is string => text !== undefined && hexDigest.test(text);

/** Of an object that was put in parts, S3 keeps a digest of the parts' digests; its ETag tells, by their number behind a '-'. */
const isInParts = ({ ETag }: HeadObjectCommandOutput): boolean => ETag?.includes('-') === true;

const fromHead = (head: HeadObjectCommandOutput): string | undefined => {
  if (head.ChecksumSHA256 !== undefined && !isInParts(head)) return toHex(head.ChecksumSHA256);
  const declared = head.Metadata?.[digestName];
  return isDigest(declared) ? declared : undefined;
};

const fromTag = async ({ client, bucket }: Bucket, key: string): Promise<string | undefined> => {
  const command = new GetObjectTaggingCommand({ Bucket: bucket, Key: key });
  const { TagSet = [] } = await callAws(`read the tags of '${key}'`, client.send(command));
  const value = TagSet.find(({ Key }) => Key === digestName)?.Value;
  return isDigest(value) ? value : undefined;
};

const fromBody = async ({ client, bucket }: Bucket, key: string): Promise<string> => {
  const digest = createHash('sha256');
  const { Body } = await callAws(
    `read '${key}'`,
    client.send(new GetObjectCommand({ Bucket: bucket, Key: key })),
  );
  const pieces: AsyncIterable<Uint8Array> = Body?.transformToWebStream() ?? (async function* () {})();
  for await (const piece of pieces) digest.update(piece);
  return digest.digest('hex');
};

/** Notes the digest of an object that S3 knows none of, as a tag: unlike metadata, that needs no new version. */
export const noteDigest = async ({ client, bucket }: Bucket, key: string, sha256: string): Promise<void> => {
  const Tagging = { TagSet: [{ Key: digestName, Value: sha256 }] };
  await callAws(
    `tag '${key}'`,
    client.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: key, Tagging })),
  );
};

/**
 * An object's SHA-256: S3's own where it was put in one piece with one, else what the writer declared or noted. For an
 * upload that declared none, the body is read, once: the digest is then noted, where this process may.
 */
export const digestOf = async (from: Bucket, key: string, head: HeadObjectCommandOutput): Promise<string> => {
  const known = fromHead(head) ?? (await fromTag(from, key));
  if (known !== undefined) return known;
  const sha256 = await fromBody(from, key);
  await noteDigest(from, key, sha256).catch(() => undefined);
  return sha256;
};
