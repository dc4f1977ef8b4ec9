import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Peers that come from PyPI, by what they are called there, and what each of them needs. */
const packages = { torch: ['torch', 'numpy'], jax: ['jax', 'optax'] } as const;
export type PythonPeer = keyof typeof packages;

export interface PythonPeers {
  readonly python: string;
  readonly found: readonly PythonPeer[];
  /** Why the others are not there. */
  readonly missing: readonly string[];
}

const firstLine = (error: unknown): string =>
  `${error instanceof Error ? error.message : error}`.split('\n')[0] ?? '';

async function succeeds(python: string, ...args: readonly string[]): Promise<boolean> {
  try {
    await run(python, args, { maxBuffer: 2 ** 26 });
    return true;
  } catch {
    return false;
  }
}

const exists = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** An environment of the bench's own in the folder for temporary files; it may be deleted at any time. */
async function ownEnvironment(): Promise<string> {
  const folder = join(tmpdir(), 'ingot-bench-python');
  const python = join(
    folder,
    ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']),
  );
  if (!(await exists(python))) await run('python3', ['-m', 'venv', folder]);
  return python;
}

async function has(python: string, peer: PythonPeer): Promise<boolean> {
  const [name, ...others] = packages[peer];
  return succeeds(python, '-c', `import ${[name, ...others].join(', ')}`);
}

async function install(python: string, peer: PythonPeer): Promise<void> {
  console.log(`installing ${packages[peer].join(' and ')} for the comparison: this takes minutes, once`);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages[peer]], { maxBuffer: 2 ** 26 });
}

/**
 * An interpreter that has the Python peers: the one that `INGOT_BENCH_PYTHON` names, as it is, else an environment of the
 * bench's own, into which what is missing is installed. Never fails: what cannot be had is said to be missing.
 */
export async function pythonPeers(named = process.env.INGOT_BENCH_PYTHON): Promise<PythonPeers> {
  const found: PythonPeer[] = [];
  const missing: string[] = [];
  try {
    const python = named ?? (await ownEnvironment());
    for (const peer of ['torch', 'jax'] as const) {
      try {
        if (named === undefined && !(await has(python, peer))) await install(python, peer);
        if (await has(python, peer)) found.push(peer);
        else missing.push(`${peer}: ${python} cannot import it`);
      } catch (error) {
        missing.push(`${peer}: ${firstLine(error)}`);
      }
    }
    return { python, found, missing };
  } catch (error) {
    return { python: '', found, missing: [`torch and jax: ${firstLine(error)}`] };
  }
}
