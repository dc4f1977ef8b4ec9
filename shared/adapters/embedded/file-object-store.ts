import { type FileHandle, link, mkdir, open, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../../errors/job-errors';
import { ConditionFailedError, ObjectNotFoundError } from '../../errors/store-errors';
import { type Clock, systemClock } from '../../ports/clock';
import type { KeyService } from '../../ports/key-service';
import { checkKeyPrefix, checkObjectKey } from '../../ports/object-key';
import type { ObjectBody, ObjectInfo, ObjectStore, PutOptions } from '../../ports/object-store';
import { syncFolder } from './durable-file';
import { errnoOf, explainFileError } from './file-errors';
import { readObjectFile } from './object-file';
import { objectPath, walkKeys } from './object-folder';
import { readObjectBody } from './read-object-body';
import type { SignedUrls } from './signed-urls';
import { sweepTemporary, temporaryPath } from './temporary-files';
import { writeObjectFile } from './write-object-file';

export interface FileObjectStoreOptions {
  /** Its root: `objects/` holds what is stored, `temporary/` what is being written. */
  folder: string;
  keys: KeyService;
  /** Without it, this process hands out no URLs, for uploads or downloads. */
  uploads?: SignedUrls;
  clock?: Clock;
}

interface Store {
  keys: KeyService;
  clock: Clock;
  objects: string;
  temporary: string;
}

const openExisting = (path: string): Promise<FileHandle | undefined> =>
  open(path, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw explainFileError(`open the file '${path}'`, error);
  });

const head = async (store: Store, key: string): Promise<ObjectInfo | undefined> => {
  const handle = await openExisting(objectPath(store.objects, checkObjectKey(key)));
  if (handle === undefined) return undefined;
  try {
    return (await readObjectFile(handle, key, store.keys)).info;
  } finally {
    await handle.close();
  }
};

/** Opens the file when it is iterated, so that a body nobody reads holds no file open. */
async function* bodyOf(store: Store, key: string): AsyncGenerator<Uint8Array> {
  const handle = await openExisting(objectPath(store.objects, key));
  if (handle === undefined) throw new ObjectNotFoundError(key);
  try {
    yield* readObjectBody(handle, await readObjectFile(handle, key, store.keys));
  } finally {
    await handle.close();
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return false;
      throw explainFileError(`look for the file '${path}'`, error);
    },
  );

/** Gives the finished file its name; a folder that a concurrent `remove` took away is made again. */
const place = async (temporary: string, path: string, ifAbsent: boolean): Promise<void> => {
  const settle = ifAbsent ? link : rename;
  for (let attempt = 1; ; attempt += 1) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      await settle(temporary, path);
      return await syncFolder(dirname(path));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || attempt === 10) throw error;
    }
  }
};

interface Put {
  key: string;
  body: ObjectBody;
  options: PutOptions;
}

const writeTemporary = async (
  store: Store,
  temporary: string,
  { key, body, options }: Put,
): Promise<ObjectInfo> => {
  const handle = await open(temporary, 'wx', 0o600);
  try {
    const modifiedAt = store.clock.now();
    const info = await writeObjectFile(handle, { key, body, sha256: options.sha256, modifiedAt }, store.keys);
    await handle.sync();
    return info;
  } finally {
    await handle.close();
  }
};

const writeAndPlace = async (store: Store, request: Put): Promise<ObjectInfo> => {
  const temporary = temporaryPath(store.temporary);
  try {
    const info = await writeTemporary(store, temporary, request);
    await place(temporary, objectPath(store.objects, request.key), request.options.ifAbsent === true);
    return info;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
};

const put = async (store: Store, request: Put): Promise<ObjectInfo> => {
  const path = objectPath(store.objects, checkObjectKey(request.key));
  const taken = () => new ConditionFailedError(`the object '${request.key}'`);
  if (request.options.ifAbsent === true && (await exists(path))) throw taken();
  try {
    return await writeAndPlace(store, request);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw taken();
    throw explainFileError(`store the object '${request.key}'`, error);
  }
};

const pruneEmpty = async (store: Store, folder: string): Promise<void> => {
  for (let empty = folder; empty !== store.objects; empty = dirname(empty)) {
    const removed = await rmdir(empty).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
};

const remove = async (store: Store, key: string): Promise<void> => {
  const path = objectPath(store.objects, checkObjectKey(key));
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw explainFileError(`remove the object '${key}'`, error);
  });
  await pruneEmpty(store, dirname(path));
};

async function* list(store: Store, prefix: string): AsyncGenerator<ObjectInfo> {
  for await (const key of walkKeys(store.objects, checkKeyPrefix(prefix))) {
    const info = await head(store, key);
    if (info !== undefined) yield info;
  }
}

const signer = ({ uploads }: FileObjectStoreOptions): SignedUrls => {
  if (uploads === undefined) throw new ConfigurationError('this process has no key to sign URLs with');
  return uploads;
};

/**
 * An object store in a folder: each object a file, encrypted under its own data key and authenticated whole
 * (`object-file.ts`). Several processes may use one folder. On opening, what crashed writers left behind is swept.
 */
export const openFileObjectStore = async (options: FileObjectStoreOptions): Promise<ObjectStore> => {
  const { folder, keys, clock = systemClock } = options;
  const store = { keys, clock, objects: join(folder, 'objects'), temporary: join(folder, 'temporary') };
  await mkdir(store.objects, { recursive: true, mode: 0o700 });
  await mkdir(store.temporary, { recursive: true, mode: 0o700 });
  await sweepTemporary(store.temporary);
  return {
    head: (key) => head(store, key),
    async get(key) {
      if (!(await exists(objectPath(store.objects, checkObjectKey(key))))) throw new ObjectNotFoundError(key);
      return bodyOf(store, key);
    },
    put: (key, body, putOptions = {}) => put(store, { key, body, options: putOptions }),
    remove: (key) => remove(store, key),
    list: (prefix) => list(store, prefix),
    presignUpload: async (request) => signer(options).sign(request),
    presignDownload: async (request) => signer(options).signDownload(request),
  };
};
