import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ManifestFile } from '../../shared/contracts/events';
import { ModelTooLargeError } from '../../shared/errors/serving-errors';
import { IntegrityError } from '../../shared/errors/store-errors';
import type { ModelRuntime, ModelSession } from '../../shared/ports/model-runtime';
import type { ObjectStore } from '../../shared/ports/object-store';

export interface ModelCacheDependencies {
  store: Pick<ObjectStore, 'get'>;
  runtime: ModelRuntime;
  /** Of the model files; a loaded model takes about twice its file. */
  maximumBytes: number;
  maximumModels: number;
  /** Intra-op threads of each session. */
  threads: number;
}

/** Models ready to run, by the digest of their file, so that versions with the same bytes share one. */
export interface ModelCache {
  /**
   * Does the work with the model's session, loaded once however many ask at the same time. What is used longest ago makes
   * room, but is let go only once nobody works with it. `IntegrityError` where the stored bytes are not the model's.
   */
  use<T>(artifact: ManifestFile, work: (session: ModelSession) => Promise<T>): Promise<T>;
  /** Lets all models go, each as its last work ends. */
  clear(): void;
}

interface Entry {
  readonly session: Promise<ModelSession>;
  workers: number;
  evicted: boolean;
}

export function modelCache(deps: ModelCacheDependencies): ModelCache {
  const { maximumBytes, maximumModels } = deps;
  const entries = new LRUCache<string, Entry>({
    max: maximumModels,
    maxSize: maximumBytes,
    dispose: (entry) => {
      entry.evicted = true;
      letGo(entry);
    },
  });

  /** Takes its place before it is loaded, so that room is made first and nobody loads it twice. */
  function enter(artifact: ManifestFile): Entry {
    const known = entries.get(artifact.sha256);
    if (known !== undefined) return known;
    if (artifact.bytes > maximumBytes) throw new ModelTooLargeError(artifact.bytes, maximumBytes);
    const entry: Entry = { session: load(deps, artifact), workers: 0, evicted: false };
    entries.set(artifact.sha256, entry, { size: Math.max(1, artifact.bytes) });
    entry.session.catch(() => {
      if (entries.peek(artifact.sha256) === entry) entries.delete(artifact.sha256);
    });
    return entry;
  }

  return {
    async use(artifact, work) {
      const entry = enter(artifact);
      entry.workers++;
      try {
        return await work(await entry.session);
      } finally {
        entry.workers--;
        letGo(entry);
      }
    },
    clear: () => entries.clear(),
  };
}

/** A session must not be disposed while a run is in it or waits for it. */
function letGo({ session, workers, evicted }: Entry): void {
  if (!evicted || workers > 0) return;
  // One that never loaded has nothing to let go, and a failure to free memory is nobody's request's.
  session.then((loaded) => loaded.dispose()).catch(() => undefined);
}

async function load(
  { store, runtime, threads }: ModelCacheDependencies,
  artifact: ManifestFile,
): Promise<ModelSession> {
  const model = await readArtifact(store, artifact);
  return runtime.load(model, { threads });
}

async function readArtifact(
  store: Pick<ObjectStore, 'get'>,
  { key, bytes, sha256 }: ManifestFile,
): Promise<Uint8Array> {
  const model = new Uint8Array(bytes);
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of await store.get(key)) {
    if (length + chunk.byteLength > bytes) throw notTheModel(key);
    model.set(chunk, length);
    hash.update(chunk);
    length += chunk.byteLength;
  }
  if (length !== bytes || hash.digest('hex') !== sha256) throw notTheModel(key);
  return model;
}

const notTheModel = (key: string) =>
  new IntegrityError(`the model at '${key}' does not have the size and digest that were recorded`);
