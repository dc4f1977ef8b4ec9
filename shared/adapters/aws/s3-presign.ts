import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { PayloadTooLargeError } from '../../errors/request-errors';
import { fileNameOf } from '../../ports/object-key';
import type { DownloadRequest, PresignedRequest, UploadRequest } from '../../ports/object-store';
import { callAws } from './aws-errors';
import { type Bucket, toBase64 } from './s3-digest';

/** Headers that stay headers, so that S3 holds the sender to them: the presigner would move them into the URL. */
const signedHeaders = ['x-amz-checksum-sha256', 'x-amz-server-side-encryption-bucket-key-enabled'];

/** S3's limit for an object that comes in one request. */
const largestUploadBytes = 5 * 1024 ** 3;

const refuseTooLarge = (bytes: number | undefined): void => {
  if (bytes !== undefined && bytes > largestUploadBytes)
    throw new PayloadTooLargeError(
      `an upload of ${bytes} bytes is too large: S3 takes ${largestUploadBytes} in one request`,
    );
};

/**
 * A PUT that anybody may send until it expires, with all of its conditions signed in: encryption under our key, never
 * over an object that is there, and size and digest where they were declared. It ends earlier where the credentials that
 * sign it do. The client must be one with
 * `requestChecksumCalculation: 'WHEN_REQUIRED'`, or else the URL asks for a checksum of the empty body.
 */
export const presignUpload = async (
  { client, bucket, keyId }: Bucket & { keyId: string },
  { key, expiresInSeconds, bytes, sha256 }: UploadRequest,
  now: Date,
): Promise<PresignedRequest> => {
  refuseTooLarge(bytes);
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    IfNoneMatch: '*',
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: keyId,
    BucketKeyEnabled: true,
    ContentLength: bytes,
    ChecksumSHA256: sha256 === undefined ? undefined : toBase64(sha256),
  });
  const options = {
    expiresIn: expiresInSeconds,
    signingDate: now,
    unhoistableHeaders: new Set(signedHeaders),
  };
  const url = await callAws('presign an upload', getSignedUrl(client, command, options));
  return {
    method: 'PUT',
    url,
    headers: {
      'if-none-match': '*',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': keyId,
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      ...(bytes === undefined ? {} : { 'content-length': String(bytes) }),
      ...(sha256 === undefined ? {} : { 'x-amz-checksum-sha256': toBase64(sha256) }),
    },
    expiresAt: new Date(now.getTime() + expiresInSeconds * 1000),
  };
};

/**
 * A GET that anybody may send until it expires; S3 answers with the type and as the attachment that are signed into it. It
 * ends earlier where the credentials that sign it do.
 */
export const presignDownload = async (
  { client, bucket }: Bucket,
  { key, expiresInSeconds, contentType }: DownloadRequest,
  now: Date,
): Promise<PresignedRequest> => {
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ResponseContentType: contentType,
    ResponseContentDisposition: `attachment; filename="${fileNameOf(key)}"`,
    ResponseCacheControl: 'private, no-store',
  });
  const options = { expiresIn: expiresInSeconds, signingDate: now };
  const url = await callAws('presign a download', getSignedUrl(client, command, options));
  return { method: 'GET', url, headers: {}, expiresAt: new Date(now.getTime() + expiresInSeconds * 1000) };
};
