import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { sha256Hex } from '../shared/contracts/names';
import type { ObjectStore } from '../shared/ports/object-store';
import type { Checkpoint, Checkpoints } from './kinds/job-kind';

const checkpointManifest = z.strictObject({
  step: z.number().int(),
  files: z.record(z.string(), z.strictObject({ bytes: z.number().int(), sha256: sha256Hex })),
});
type CheckpointManifest = z.infer<typeof checkpointManifest>;

const manifestName = 'manifest.json';
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/**
 * Checkpoints as objects under one prefix, a folder per step, whose manifest is written last: a folder without one, or
 * with one that does not hold, was never a checkpoint. Two are kept, so that there is always a whole one.
 */
export function storedCheckpoints(
  store: ObjectStore,
  prefix: string,
  onSaved: (step: number, bytes: number) => void,
): Checkpoints {
  const folderOf = (step: number) => `${prefix}${String(step).padStart(12, '0')}/`;
  const read = async (key: string) => new Uint8Array(await buffer(await store.get(key)));

  async function keysByFolder(): Promise<Map<string, string[]>> {
    const folders = new Map<string, string[]>();
    for await (const { key } of store.list(prefix)) {
      const folder = key.slice(0, key.indexOf('/', prefix.length) + 1);
      folders.set(folder, [...(folders.get(folder) ?? []), key]);
    }
    return folders;
  }

  async function removeOlderThan(step: number, keep: number): Promise<void> {
    const folders = [...(await keysByFolder())].filter(([folder]) => folder <= folderOf(step));
    for (const [, keys] of folders.slice(0, Math.max(0, folders.length - keep))) {
      for (const key of keys.toReversed()) await store.remove(key);
    }
  }

  async function readFiles(folder: string, manifest: CheckpointManifest): Promise<Checkpoint | undefined> {
    const files: Record<string, Uint8Array> = {};
    for (const [name, { sha256 }] of Object.entries(manifest.files)) {
      const bytes = await read(`${folder}${name}`);
      if (digestOf(bytes) !== sha256) return undefined;
      files[name] = bytes;
    }
    return { step: manifest.step, files };
  }

  async function readCheckpoint(folder: string): Promise<Checkpoint | undefined> {
    try {
      const text = new TextDecoder().decode(await read(`${folder}${manifestName}`));
      return await readFiles(folder, checkpointManifest.parse(JSON.parse(text)));
    } catch {
      // a half-written or damaged checkpoint is as good as none: the one before it serves
      return undefined;
    }
  }

  return {
    async save({ step, files }) {
      const folder = folderOf(step);
      const manifest: CheckpointManifest = { step, files: {} };
      for (const [name, bytes] of Object.entries(files)) {
        const stored = await store.put(`${folder}${name}`, bytes);
        manifest.files[name] = { bytes: stored.bytes, sha256: stored.sha256 };
      }
      await store.put(`${folder}${manifestName}`, new TextEncoder().encode(JSON.stringify(manifest)));
      await removeOlderThan(step, 2);
      onSaved(
        step,
        Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0),
      );
    },
    async latest() {
      const folders = [...(await keysByFolder()).keys()].sort().toReversed();
      for (const folder of folders) {
        const checkpoint = await readCheckpoint(folder);
        if (checkpoint) return checkpoint;
      }
      return undefined;
    },
  };
}
