import type { IncomingMessage } from 'node:http';
import type { SignedUrls } from '../../shared/adapters/embedded/signed-urls';
import { ConflictError, InvalidRequestError } from '../../shared/errors/request-errors';
import { ConditionFailedError, IntegrityError } from '../../shared/errors/store-errors';
import type { ObjectStore } from '../../shared/ports/object-store';

async function* bounded(body: AsyncIterable<Buffer>, declared: number | undefined) {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (declared !== undefined && bytes > declared) break;
    yield chunk;
  }
  if (declared !== undefined && bytes !== declared) {
    throw new InvalidRequestError(
      `the upload has ${bytes > declared ? 'more than ' : ''}${Math.min(bytes, declared)} bytes, ${declared} were declared`,
    );
  }
}

/** S3's part in a presigned upload: streams the body to its object if signature, size and digest hold, and never over another. */
export const receiveUpload =
  (objects: ObjectStore, uploads: SignedUrls) =>
  async (request: IncomingMessage, url: URL): Promise<void> => {
    const { key, bytes, sha256 } = uploads.verifyUpload({
      method: request.method ?? '',
      url: url.href,
      headers: request.headers,
    });
    try {
      await objects.put(key, bounded(request, bytes), {
        ifAbsent: true,
        ...(sha256 === undefined ? {} : { sha256 }),
      });
    } catch (error) {
      if (error instanceof ConditionFailedError)
        throw new ConflictError('this upload was done before', 'already_uploaded');
      if (error instanceof IntegrityError)
        throw new InvalidRequestError('the uploaded bytes do not have the SHA-256 that was declared');
      throw error;
    }
  };
