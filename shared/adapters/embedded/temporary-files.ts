import { randomBytes } from 'node:crypto';
import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './file-errors';

const dayMs = 86_400_000;
const bornAt = Date.now() - process.uptime() * 1000;
const named = /^(\d+)-[0-9a-f]{16}\.part$/;

/** A path in the folder that nobody else uses; its name tells which process is to be blamed for what is left of it. */
export const temporaryPath = (folder: string): string =>
  join(folder, `${process.pid}-${randomBytes(8).toString('hex')}.part`);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
};

/** Process ids come again (in a container: always the same one), so age decides where the id cannot. */
const isLeftOver = (pid: number, modifiedAt: number): boolean =>
  pid === process.pid ? modifiedAt < bornAt : !isAlive(pid) || modifiedAt < Date.now() - dayMs;

/** Deletes what crashed processes left half-written; files of processes that live stay. */
export const sweepTemporary = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const pid = named.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && isLeftOver(Number(pid), status.mtimeMs))
      await unlink(path).catch(() => undefined);
  }
};
