import { IntegrityError, ObjectNotFoundError } from '../../shared/errors/store-errors';
import type { ObjectStore } from '../../shared/ports/object-store';

/** Large enough for the errors of a data set and the metrics of a model, and no way to fill our memory. */
const longestFile = 16 * 1024 * 1024;

/** The text of a small object, or undefined where there is none; `IntegrityError` where it is too long to be one of ours. */
export async function readSmallObject(
  objects: Pick<ObjectStore, 'get'>,
  key: string,
): Promise<string | undefined> {
  try {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of await objects.get(key)) {
      bytes += chunk.byteLength;
      if (bytes > longestFile) throw new IntegrityError(`'${key}' is over ${longestFile} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}
