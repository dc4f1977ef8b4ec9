import type { IncomingMessage } from 'node:http';
import type { SignedUrls } from '../../shared/adapters/embedded/signed-urls';
import { ConflictError, DigestMismatchError } from '../../shared/errors/request-errors';
import { ConditionFailedError, IntegrityError } from '../../shared/errors/store-errors';
import type { ObjectStore } from '../../shared/ports/object-store';

/**
 * S3's part in a presigned upload: streams the body to its object if signature, size and digest hold, and never over
 * another. The size is that of the signed `content-length`, which HTTP itself keeps.
 */
export const receiveUpload =
  (objects: ObjectStore, uploads: SignedUrls) =>
  async (request: IncomingMessage, url: URL): Promise<void> => {
    const { key, sha256 } = uploads.verifyUpload({
      method: request.method ?? '',
      url: url.href,
      headers: request.headers,
    });
    try {
      await objects.put(key, request, { ifAbsent: true, ...(sha256 === undefined ? {} : { sha256 }) });
    } catch (error) {
      if (error instanceof ConditionFailedError)
        throw new ConflictError(
          'this upload was done before: complete it, or make a new one for other bytes',
          'already_uploaded',
        );
      if (error instanceof IntegrityError)
        throw new DigestMismatchError(
          `the uploaded bytes do not have the SHA-256 that was declared, ${sha256}: nothing was stored, send those bytes to the same URL`,
        );
      throw error;
    }
  };
