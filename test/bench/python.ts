import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a peer is called at PyPI, and what Python imports of it, each with all that it needs. */
export interface PythonPackages {
  readonly install: readonly string[];
  readonly modules: readonly string[];
}

/** Peers that come from PyPI, by names of the bench's own. */
export type PythonWishes<N extends string> = Readonly<Record<N, PythonPackages>>;

export interface PythonPeers<N extends string> {
  readonly python: string;
  readonly found: readonly N[];
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

const has = (python: string, { modules }: PythonPackages): Promise<boolean> =>
  succeeds(python, '-c', `import ${modules.join(', ')}`);

async function install(python: string, { install: packages }: PythonPackages): Promise<void> {
  console.log(`installing ${packages.join(' and ')} for the comparison: this takes minutes, once`);
  await run(python, ['-m', 'pip', 'install', '--quiet', ...packages], { maxBuffer: 2 ** 26 });
}

const namesOf = <N extends string>(wishes: PythonWishes<N>): readonly N[] => {
  const isName = (name: string): name is N => Object.hasOwn(wishes, name);
  return Object.keys(wishes).filter(isName);
};

/**
 * An interpreter that has the Python peers: the one that `INGOT_BENCH_PYTHON` names, as it is, else an environment of the
 * bench's own, into which what is missing is installed. Never fails: what cannot be had is said to be missing.
 */
export async function pythonPeers<N extends string>(
  wishes: PythonWishes<N>,
  named = process.env.INGOT_BENCH_PYTHON,
): Promise<PythonPeers<N>> {
  const found: N[] = [];
  const missing: string[] = [];
  const names = namesOf(wishes);
  try {
    const python = named ?? (await ownEnvironment());
    for (const peer of names) {
      try {
        if (named === undefined && !(await has(python, wishes[peer]))) await install(python, wishes[peer]);
        if (await has(python, wishes[peer])) found.push(peer);
        else missing.push(`${peer}: ${python} cannot import it`);
      } catch (error) {
        missing.push(`${peer}: ${firstLine(error)}`);
      }
    }
    return { python, found, missing };
  } catch (error) {
    return { python: '', found, missing: [`${names.join(' and ')}: ${firstLine(error)}`] };
  }
}
