import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError } from '../../errors/job-errors';
import { IntegrityError } from '../../errors/store-errors';
import type { KeyService } from '../../ports/key-service';
import { createOnce } from './durable-file';
import { errnoOf, explainFileError } from './file-errors';
import { seal, unseal } from './sealed-bytes';

const keyBytes = 32;
const format = Buffer.from([1]);

export interface FileKeyService extends KeyService {
  /** 256 bits for one purpose, always the same, that tell nothing of the master key (HKDF, RFC 5869). */
  derive(purpose: string): Uint8Array;
}

const refuseLooseMode = async (path: string): Promise<void> => {
  const mode = (await stat(path)).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new ConfigurationError(
      `the key file '${path}' has mode ${mode.toString(8).padStart(4, '0')}, so others may read it: run chmod 600 on it`,
    );
};

const readMasterKey = async (path: string): Promise<Uint8Array> => {
  await refuseLooseMode(path);
  const bytes = await readFile(path);
  if (bytes.byteLength !== keyBytes)
    throw new ConfigurationError(
      `the key file '${path}' has ${bytes.byteLength} bytes instead of ${keyBytes}: put the right file back; without it nothing stored can be read`,
    );
  return bytes;
};

const loadMasterKey = async (path: string): Promise<Uint8Array> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const isThere = await stat(path).then(
    () => true,
    (error: unknown) => errnoOf(error) !== 'ENOENT',
  );
  if (!isThere) await createOnce(path, randomBytes(keyBytes));
  return readMasterKey(path);
};

const derive = (master: Uint8Array, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', master, 'ingot', purpose, keyBytes));

/** The order of its entries is no part of a context. */
const canonical = (context: Record<string, string>): string =>
  JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * A key service whose master key is a file of 32 random bytes and mode 0600, made once by whoever comes first.
 * `ConfigurationError` where others may read the file or its size is wrong. Wrapped keys: format (1), then `seal`.
 */
export const openFileKeyService = async (path: string): Promise<FileKeyService> => {
  const master = await loadMasterKey(path).catch((error: unknown) => {
    throw explainFileError(`open the key file '${path}'`, error);
  });
  const wrappingKey = derive(master, 'data-keys');
  return {
    derive: (purpose) => derive(master, `purpose:${purpose}`),
    async generateDataKey(context) {
      const plaintext = new Uint8Array(randomBytes(keyBytes));
      return {
        plaintext,
        wrapped: Buffer.concat([format, seal(wrappingKey, plaintext, canonical(context))]),
      };
    },
    async unwrapDataKey(wrapped, context) {
      if (wrapped[0] !== format[0]) throw new IntegrityError('a wrapped key has a format that is not known');
      return unseal(wrappingKey, wrapped.subarray(1), canonical(context));
    },
  };
};
