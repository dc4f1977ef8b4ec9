import { z } from 'zod';
import { productVersion } from '../../functions/composition/platform';
import { files, read } from './tree';

const versions = z.record(z.string(), z.string());
const described = z.object({
  version: z.string(),
  scripts: versions,
  dependencies: versions,
  devDependencies: versions,
});
const locked = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const { version, scripts, dependencies, devDependencies } = described.parse(JSON.parse(read('package.json')));
const { packages } = locked.parse(JSON.parse(read('package-lock.json')));
const needed = { ...dependencies, ...devDependencies };

/** Of npm itself, and so no script of ours. */
const ownCommands = ['ci', 'i', 'install'];

describe('the package', () => {
  it('has the version that the API tells', () => {
    expect(productVersion).toBe(version);
  });

  it('names the version of everything that it needs exactly, and the lock file the same', () => {
    const loose = Object.entries(needed).filter(([, wanted]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(wanted));
    const unlocked = Object.entries(needed).filter(
      ([name, wanted]) => packages[`node_modules/${name}`]?.version !== wanted,
    );

    expect(loose).toEqual([]);
    expect(unlocked).toEqual([]);
  });

  it('is locked to no registry', () => {
    const resolved = Object.values(packages).flatMap((each) => each.resolved ?? []);

    expect(resolved).toEqual([]);
  });

  it('is locked for every platform, as npm ci asks', () => {
    const optional = Object.values(packages).flatMap((each) => Object.keys(each.optionalDependencies ?? {}));
    const locked = new Set(
      Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)),
    );

    expect(optional.filter((name) => !locked.has(name))).toEqual([]);
  });

  it('runs no install script of another package', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });

  it('installs what is missing before each command that a newcomer types', () => {
    const without = ['start', 'demo', 'test', 'check', 'synth', 'bench', 'test:aws'].filter(
      (name) => scripts[name]?.startsWith('node scripts/install-if-needed.mjs && ') !== true,
    );

    expect(without).toEqual([]);
  });

  it.each(files.filter((path) => path.endsWith('.md') || path.startsWith('.ci/')))(
    'has the commands that %s tells of',
    (path) => {
      const commands = [
        ...read(path).matchAll(/\bnpm (?:run )?(?:-s )?(start|test|(?<=run (?:-s )?)[\w:-]+)/g),
      ].map(([, name = '']) => name);

      const missing = commands.filter((name) => !ownCommands.includes(name) && scripts[name] === undefined);

      expect(missing).toEqual([]);
    },
  );

  it('is told of by the README, command by command', () => {
    const told = ['start', 'demo', 'test', 'check', 'synth', 'bench', 'test:aws'].filter(
      (name) => !new RegExp(`npm (run )?${name}\\b`).test(read('README.md')),
    );

    expect(told).toEqual([]);
  });
});
