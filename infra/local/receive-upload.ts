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
        throw new ConflictError('this upload was done before', 'already_uploaded');
      if (error instanceof IntegrityError)
        throw new DigestMismatchError(
          'the uploaded bytes do not have the SHA-256 that was declared: upload again',
        );
      throw error;
    }
  };
