import type { Upload } from '../../shared/contracts/dataset';
import type { ObjectStore } from '../../shared/ports/object-store';

const uploadSeconds = 3600;

/** A presigned upload of exactly what was declared, good for an hour. */
export async function offerUpload(
  objects: Pick<ObjectStore, 'presignUpload'>,
  key: string,
  declared: { bytes?: number; sha256?: string },
): Promise<Upload> {
  const { url, headers, expiresAt } = await objects.presignUpload({
    key,
    expiresInSeconds: uploadSeconds,
    ...declared,
  });
  return { method: 'PUT', url, headers, expires_at: expiresAt.toISOString() };
}
