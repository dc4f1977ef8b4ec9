import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { openFileKeyService } from '../../../shared/adapters/embedded/file-key-service';
import { openFileObjectStore } from '../../../shared/adapters/embedded/file-object-store';
import { ConfigurationError } from '../../../shared/errors/job-errors';
import { IntegrityError, ObjectNotFoundError } from '../../../shared/errors/store-errors';
import type { ObjectStore } from '../../../shared/ports/object-store';

const chunk = 64 * 1024;
const run = promisify(execFile);
const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const setup = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  folders.push(folder);
  const keys = await openFileKeyService(join(folder, 'key'));
  const store = await openFileObjectStore({ folder, keys });
  const pathOf = (key: string) => join(folder, 'objects', `${key}@`);
  return { folder, keys, store, pathOf, temporary: join(folder, 'temporary') };
};

const readAll = async (store: ObjectStore, key: string): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of await store.get(key)) pieces.push(piece);
  return Buffer.concat(pieces);
};

const child = join('test', 'support', 'put-object-in-child.ts');
/** Runs a command in a mount table of its own, as root of it; not every system lets its users do that. */
const withOwnMounts = 'exec unshare -rm sh -c "$0" "$@"';
const canMount = spawnSync('sh', ['-c', withOwnMounts, 'mount -t tmpfs tmpfs /mnt']).status === 0;

const inChild = async (...words: string[]): Promise<unknown> => {
  const { stdout } = await run('sh', [
    '-c',
    `${words[0]} exec "$0" --import tsx "$@"`,
    process.execPath,
    child,
    ...words.slice(1),
  ]);
  return JSON.parse(stdout);
};

describe('the file object store, when its files are tampered with', () => {
  it('refuses an object of which any one byte was changed', async () => {
    const { store, pathOf } = await setup();
    await store.put('a/object', randomBytes(2 * chunk + 100));
    const sound = await readFile(pathOf('a/object'));
    const law = fc.asyncProperty(
      fc.nat(sound.byteLength - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, mask) => {
        const changed = Buffer.from(sound);
        changed[at] = (changed[at] ?? 0) ^ mask;
        await writeFile(pathOf('a/object'), changed);

        await expect(readAll(store, 'a/object')).rejects.toBeInstanceOf(IntegrityError);
      },
    );

    await fc.assert(law, {
      numRuns: 150,
      examples: Array.from({ length: 150 }, (_, at) => [at, 1] as [number, number]),
    });
  });

  it('refuses to tell of an object whose header or metadata were changed', async () => {
    const { store, pathOf } = await setup();
    await store.put('object', Buffer.from('x'));
    const sound = await readFile(pathOf('object'));
    const headerAndMetadata = sound.byteLength - 17;

    for (let at = 0; at < headerAndMetadata; at += 1) {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] ?? 0) ^ 0x80;
      await writeFile(pathOf('object'), changed);

      await expect(store.head('object')).rejects.toBeInstanceOf(IntegrityError);
    }
  });

  it.each([
    { what: 'the last byte', left: (size: number) => size - 1 },
    { what: 'the last chunk', left: (size: number) => size - 116 },
    { what: 'two chunks', left: (size: number) => size - 116 - chunk - 16 },
    { what: 'the body', left: () => 200 },
    { what: 'half of the header', left: () => 40 },
    { what: 'everything', left: () => 0 },
  ])('refuses an object that lost $what', async ({ left }) => {
    const { store, pathOf } = await setup();
    await store.put('object', randomBytes(2 * chunk + 100));
    await truncate(pathOf('object'), left((await stat(pathOf('object'))).size));

    const reading = readAll(store, 'object');

    await expect(reading).rejects.toBeInstanceOf(IntegrityError);
    await expect(store.head('object')).rejects.toBeInstanceOf(IntegrityError);
  });

  it('refuses chunks that changed places', async () => {
    const { store, pathOf } = await setup();
    await store.put('object', randomBytes(3 * chunk));
    const bytes = await readFile(pathOf('object'));
    const start = bytes.byteLength - 3 * (chunk + 16);
    const [first, second] = [
      bytes.subarray(start, start + chunk + 16),
      bytes.subarray(start + chunk + 16, start + 2 * (chunk + 16)),
    ];
    const swapped = Buffer.concat([
      bytes.subarray(0, start),
      second,
      first,
      bytes.subarray(start + 2 * (chunk + 16)),
    ]);
    await writeFile(pathOf('object'), swapped);

    const reading = readAll(store, 'object');

    await expect(reading).rejects.toBeInstanceOf(IntegrityError);
  });

  it('refuses two objects whose files changed places', async () => {
    const { store, pathOf } = await setup();
    await store.put('one', Buffer.from('first body'));
    await store.put('two', Buffer.from('other body'));
    await rename(pathOf('one'), pathOf('spare'));
    await rename(pathOf('two'), pathOf('one'));
    await rename(pathOf('spare'), pathOf('two'));

    const reading = readAll(store, 'one');

    await expect(reading).rejects.toBeInstanceOf(IntegrityError);
    await expect(store.head('two')).rejects.toThrow("the stored object 'two' was changed");
  });

  it('refuses objects under another master key', async () => {
    const { folder, store } = await setup();
    await store.put('object', Buffer.from('x'));
    const otherKeys = await openFileKeyService(join(folder, 'other-key'));
    const other = await openFileObjectStore({ folder, keys: otherKeys });

    const heading = other.head('object');

    await expect(heading).rejects.toBeInstanceOf(IntegrityError);
  });

  it('leaves nothing readable on the disk', async () => {
    const { store, pathOf } = await setup();
    await store.put('object', Buffer.from('a-secret-that-nobody-may-find '.repeat(5000)));

    const bytes = await readFile(pathOf('object'));

    expect(bytes.includes('a-secret-that-nobody')).toBe(false);
    expect((await stat(pathOf('object'))).mode & 0o077).toBe(0);
  });
});

describe('the file object store, when a writer dies or the disk is full', () => {
  it('sweeps what dead processes left behind, and nothing of the living', async () => {
    const { folder, keys, temporary } = await setup();
    const dead = await run(process.execPath, ['-p', 'process.pid']);
    const names = {
      dead: `${dead.stdout.trim()}-0123456789abcdef.part`,
      living: `${process.ppid}-0123456789abcdef.part`,
    };
    for (const name of [names.dead, names.living]) await writeFile(join(temporary, name), 'half an object');

    const store = await openFileObjectStore({ folder, keys });

    expect(await readdir(temporary)).toEqual([names.living]);
    await expect(store.get('half')).rejects.toBeInstanceOf(ObjectNotFoundError);
  });

  it('sweeps what an earlier process with the same id left behind', async () => {
    const { folder, keys, temporary } = await setup();
    const path = join(temporary, `${process.pid}-0123456789abcdef.part`);
    await writeFile(path, 'half an object');
    await utimes(path, 1, 1);

    await openFileObjectStore({ folder, keys });

    expect(await readdir(temporary)).toEqual([]);
  });

  it('leaves neither object nor rest of a stream that fails', async () => {
    const { store, temporary, pathOf } = await setup();
    async function* failing() {
      yield randomBytes(5 * 1024 * 1024);
      throw new Error('the sender went away');
    }

    const putting = store.put('object', failing());

    await expect(putting).rejects.toThrow('the sender went away');
    expect(await readdir(temporary)).toEqual([]);
    await expect(stat(pathOf('object'))).rejects.toThrow('ENOENT');
  });

  it('fails clearly where a file cannot grow, and leaves nothing', async () => {
    const { folder, temporary } = await setup();

    const told = await inChild('ulimit -f 2048;', folder, '8');

    expect(told).toMatchObject({
      name: 'DependencyError',
      message: expect.stringContaining('EFBIG'),
      retryable: true,
    });
    expect(await readdir(temporary)).toEqual([]);
  });

  (canMount ? it : it.skip)(
    'fails clearly on a full disk (where a user may mount one), and leaves nothing',
    async () => {
      const { folder } = await setup();
      const mounted = join(folder, 'objects');
      const script = `mount -t tmpfs -o size=3m tmpfs ${mounted} && "$0" --import tsx ${child} ${mounted} 8 && ls ${mounted}/temporary`;

      const { stdout } = await run('sh', ['-c', withOwnMounts, script, process.execPath]);

      const told = JSON.parse(stdout);
      expect(told).toMatchObject({ name: 'DependencyError', retryable: true });
      expect(told.message).toContain('no room left on its disk: make room, then try again (ENOSPC)');
    },
  );

  it('streams an object that is larger than the memory it takes', async () => {
    const { folder } = await setup();

    const told = await inChild('', folder, '384');

    expect(told).toMatchObject({ bytes: 384 * 1024 * 1024 });
    expect((told as { peakMebibytes: number }).peakMebibytes).toBeLessThan(300);
  });

  it('removes folders that hold nothing any more, while others write into them', async () => {
    const { folder, store } = await setup();
    const rounds = Array.from({ length: 40 }, (_, index) => `deep/er/${index % 4}`);

    await Promise.all(
      rounds.map((key, index) =>
        index % 2 === 0 ? store.put(`${key}/a`, Buffer.from('x')) : store.remove(`${key}/a`),
      ),
    );
    for (const key of rounds) await store.remove(`${key}/a`);

    expect(await readdir(join(folder, 'objects'))).toEqual([]);
  });

  it('refuses to presign where it has no signing key', async () => {
    const { store } = await setup();

    const upload = store.presignUpload({ key: 'object', expiresInSeconds: 60 });
    const download = store.presignDownload({ key: 'object', expiresInSeconds: 60, contentType: 'a/b' });

    await expect(upload).rejects.toBeInstanceOf(ConfigurationError);
    await expect(download).rejects.toBeInstanceOf(ConfigurationError);
  });
});
