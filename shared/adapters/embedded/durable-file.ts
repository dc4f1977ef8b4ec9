import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './file-errors';
import { temporaryPath } from './temporary-files';

/** Makes the names in a folder survive a power cut. Systems that cannot sync a folder need not. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
};

/** Writes a file that only this user may read, and returns once its bytes are on the disk. */
export const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Creates the file with these bytes, whole or not at all. False when it is there already: of processes that race, one
 * gets true, and afterwards all of them read the same bytes.
 */
export const createOnce = async (path: string, bytes: Uint8Array): Promise<boolean> => {
  const temporary = temporaryPath(dirname(path));
  try {
    await writeDurably(temporary, bytes);
    await link(temporary, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
};
