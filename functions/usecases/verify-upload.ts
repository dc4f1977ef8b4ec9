import { ConflictError, DigestMismatchError } from '../../shared/errors/request-errors';
import type { ObjectInfo, ObjectStore } from '../../shared/ports/object-store';

/** What differs between the upload and what was declared of it, in words. */
function difference(found: ObjectInfo, declared: { bytes?: number; sha256?: string }): string | undefined {
  if (declared.bytes !== undefined && declared.bytes !== found.bytes) {
    return `the upload has ${found.bytes} bytes, and ${declared.bytes} were declared`;
  }
  if (declared.sha256 !== undefined && declared.sha256 !== found.sha256) {
    return `the upload has the SHA-256 ${found.sha256}, and ${declared.sha256} was declared`;
  }
  return undefined;
}

/**
 * The object that was uploaded, when it is there and is what was declared. An upload that differs is removed, so that it
 * can be sent again: `DigestMismatchError`; `ConflictError` where there is none.
 */
export async function verifyUpload(
  objects: Pick<ObjectStore, 'head' | 'remove'>,
  key: string,
  declared: { bytes?: number; sha256?: string },
): Promise<ObjectInfo> {
  const found = await objects.head(key);
  if (found === undefined) {
    throw new ConflictError(
      'nothing was uploaded yet: send the bytes to the upload URL first',
      'upload_missing',
    );
  }
  const differs = difference(found, declared);
  if (differs === undefined) return found;
  await objects.remove(key);
  throw new DigestMismatchError(`${differs}; it was removed: upload it again`);
}
