import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createOnce } from '../../../shared/adapters/embedded/durable-file';
import { openFileKeyService } from '../../../shared/adapters/embedded/file-key-service';
import { ConfigurationError } from '../../../shared/errors/job-errors';
import { describeKeyService } from './key-service-contract';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const setup = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  folders.push(folder);
  return { folder, path: join(folder, 'new', 'master-key') };
};

describeKeyService('the file key service', async () => openFileKeyService((await setup()).path));

describe('the file key service', () => {
  it('makes its file once, for nobody else to read, and finds it again', async () => {
    const { path } = await setup();
    const first = await openFileKeyService(path);

    const second = await openFileKeyService(path);

    const { mode, size } = await stat(path);
    expect({ mode: mode & 0o777, size }).toEqual({ mode: 0o600, size: 32 });
    expect(second.derive('x')).toEqual(first.derive('x'));
  });

  it('derives another key for every purpose, and shows the master key in none', async () => {
    const { path } = await setup();
    const keys = await openFileKeyService(path);

    const derived = ['a', 'b', ''].map((purpose) => Buffer.from(keys.derive(purpose)).toString('hex'));

    expect(new Set([...derived, (await readFile(path)).toString('hex')]).size).toBe(4);
  });

  it('is made by exactly one of those who make it at the same instant', async () => {
    const { folder } = await setup();
    const path = join(folder, 'key');
    const keys = Array.from({ length: 20 }, () => randomBytes(32));

    const made = await Promise.all(keys.map((key) => createOnce(path, key)));

    expect(made.filter(Boolean)).toHaveLength(1);
    expect((await readFile(path)).equals(keys[made.indexOf(true)] ?? Buffer.alloc(0))).toBe(true);
  });

  it('gives processes that race the same key', async () => {
    const { path, folder } = await setup();
    const script = join('test', 'support', 'open-key-in-child.ts');
    const start = () => promisify(execFile)(process.execPath, ['--import', 'tsx', script, path]);

    const told = await Promise.all([start(), start(), start(), start()]);

    expect(new Set(told.map(({ stdout }) => stdout)).size).toBe(1);
    expect(told[0]?.stdout).toHaveLength(64);
    expect(await readdir(join(folder, 'new'))).toEqual(['master-key']);
  });

  it.each([0o640, 0o604, 0o660, 0o644, 0o777])('refuses a file of mode %#o', async (mode) => {
    const { path } = await setup();
    await openFileKeyService(path);
    await chmod(path, mode);

    const opening = openFileKeyService(path);

    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opening).rejects.toThrow('run chmod 600 on it');
  });

  it.each([0, 31, 33])('refuses a file of %d bytes', async (size) => {
    const { folder } = await setup();
    const path = join(folder, 'short');
    await writeFile(path, Buffer.alloc(size), { mode: 0o600 });

    const opening = openFileKeyService(path);

    await expect(opening).rejects.toThrow(`has ${size} bytes instead of 32`);
  });
});
