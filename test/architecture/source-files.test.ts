import { basename, dirname, extname } from 'node:path';
import { z } from 'zod';
import { files, productFiles, read, typescriptFiles } from './tree';

const linesOf = (path: string) => read(path).trimEnd().split('\n').length;
const placesOf = (paths: readonly string[], pattern: RegExp) =>
  paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
  );

/** Rows that are read one by one, not as a story. */
const tables = /^(shared\/onnx\/operators|jobs\/autodiff\/gradient-rules|test)\//;
const longest = (path: string) => (tables.test(path) ? 400 : 300);

/** Where the program meets its environment. */
const mayReadEnvironment = /^(shared\/config\/|functions\/entries\/|jobs\/main\.ts$|infra\/)/;

const emptyNames = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'common',
  'manager',
  'managers',
  'base',
  'misc',
]);
/** `string-utils` says no more than `utils`; `common-subexpressions` does. */
const lastWords = (path: string) =>
  path
    .split('/')
    .map((part) => basename(part.replace('.test.ts', ''), extname(part)).split('-').at(-1) ?? '');

describe('a source file', () => {
  it('is short enough to be read at once', () => {
    const long = typescriptFiles
      .filter((path) => linesOf(path) > longest(path))
      .map((path) => `${path}: ${linesOf(path)}`);

    expect(long).toEqual([]);
  });

  it('has a name that says what it is', () => {
    const empty = files.filter((path) => lastWords(path).some((word) => emptyNames.has(word)));

    expect(empty).toEqual([]);
  });

  it('has a name in kebab case', () => {
    const others = typescriptFiles.filter(
      (path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(basename(path)),
    );

    expect(others).toEqual([]);
  });

  it('has no default export', () => {
    const found = placesOf(typescriptFiles, /^export\s+(default\b|\{[^}]*\bas default\b)/);

    expect(found).toEqual([]);
  });

  it('reads the environment only at the edges', () => {
    const elsewhere = productFiles.filter((path) => !mayReadEnvironment.test(path));

    const found = placesOf(elsewhere, /\bprocess\.env\b|\bimport\.meta\b/);

    expect(found).toEqual([]);
  });

  it('is finished, and silences no check without saying why', () => {
    // the brackets keep this file from finding itself
    const unfinished = /\b(TO[D]O|FIX[M]E|XX[X]|HAC[K])\b/;
    const silenced =
      /@ts-(ignor[e]|nochec[k]|expect-erro[r])|eslint-disabl[e]|biome-ignor[e](?!.*: \S+ \S+ \S+)/;
    const written = files.filter((path) => !path.endsWith('package-lock.json'));

    const found = [...placesOf(written, unfinished), ...placesOf(written, silenced)];

    expect(found).toEqual([]);
  });

  it('knows no machine of a developer', () => {
    const found = placesOf(files, /(?<![\w.])\/(wor[k]|roo[t]|Users)\//);

    expect(found).toEqual([]);
  });
});

describe('a test file', () => {
  it('lies where a project of Jest finds it, and npm test or npm run test:aws runs that project', () => {
    const tests = files.filter((path) => path.endsWith('.test.ts'));
    const projects = [...read('jest.config.mjs').matchAll(/displayName: '(\w+)'/g)].map(([, name]) => name);
    const { scripts } = z
      .object({ scripts: z.object({ test: z.string() }) })
      .parse(JSON.parse(read('package.json')));
    const run = [...scripts.test.split(' '), 'aws'];

    const lost = tests.filter((path) => !projects.includes(dirname(path).split('/')[1]));

    expect(tests.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
    expect(projects.filter((name) => name === undefined || !run.includes(name))).toEqual([]);
  });
});
