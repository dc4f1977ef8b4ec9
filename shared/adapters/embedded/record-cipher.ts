import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyService } from '../../ports/key-service';
import type { RecordCipher } from '../aws/record-item';
import { createOnce } from './durable-file';
import { errnoOf, explainFileError } from './file-errors';
import { seal, unseal } from './sealed-bytes';

export interface RecordCipherOptions {
  keys: KeyService;
  /** Keeps the wrapped data key; made by whoever comes first. */
  file: string;
  /** What is encrypted, as the key service's context: `records`, `messages`. */
  purpose: string;
}

const readWrapped = async ({ keys, file, purpose }: RecordCipherOptions): Promise<Uint8Array> => {
  try {
    return await readFile(file);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const { wrapped } = await keys.generateDataKey({ purpose });
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await createOnce(file, wrapped);
  return readFile(file);
};

/** Encrypts records and messages with AES-256-GCM, under one data key that the key service wrapped. */
export const openRecordCipher = async (options: RecordCipherOptions): Promise<RecordCipher> => {
  const wrapped = await readWrapped(options).catch((error: unknown) => {
    throw explainFileError(`open the data key '${options.file}'`, error);
  });
  const dataKey = await options.keys.unwrapDataKey(wrapped, { purpose: options.purpose });
  return {
    seal: (plaintext, context) => seal(dataKey, plaintext, context),
    open: (sealed, context) => unseal(dataKey, sealed, context),
  };
};
