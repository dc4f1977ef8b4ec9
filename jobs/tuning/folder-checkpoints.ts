import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, Checkpoints } from '../kinds/job-kind';

const folderName = /^step-(\d+)$/;

/** Checkpoints as folders of a folder; one is whole because it gets its name last. Only the newest is kept. */
export function folderCheckpoints(folder: string): Checkpoints {
  const steps = async (): Promise<number[]> => {
    const names = await readdir(folder).catch(() => []);
    return names.flatMap((name) => folderName.exec(name)?.[1] ?? []).map(Number);
  };
  const pathOf = (step: number) => join(folder, `step-${step}`);
  return {
    async save({ step, files }: Checkpoint) {
      const older = await steps();
      const unnamed = join(folder, 'saving');
      await rm(unnamed, { recursive: true, force: true });
      await mkdir(unnamed, { recursive: true });
      for (const [name, bytes] of Object.entries(files)) await writeFile(join(unnamed, name), bytes);
      await rm(pathOf(step), { recursive: true, force: true });
      await rename(unnamed, pathOf(step));
      for (const old of older.filter((one) => one !== step)) await rm(pathOf(old), { recursive: true });
    },
    async latest() {
      const [newest] = (await steps()).toSorted((a, b) => b - a);
      if (newest === undefined) return undefined;
      const files: Record<string, Uint8Array> = {};
      for (const name of await readdir(pathOf(newest)))
        files[name] = new Uint8Array(await readFile(join(pathOf(newest), name)));
      return { step: newest, files };
    },
  };
}
