import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The lines of `.gitignore`: folders end with a slash, `*.log` is a kind of file. */
const ignored = ['.git/', ...read('.gitignore').split('\n')].filter((line) => line !== '');

const isIgnored = (path: string): boolean =>
  ignored.some((line) =>
    line.startsWith('*') ? path.endsWith(line.slice(1)) : `/${path}`.endsWith(`/${line}`),
  );

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isIgnored(`${path}/`) ? [] : filesIn(path);
    return entry.isFile() && !isIgnored(path) ? [path] : [];
  });
}

/** Every file of the project that git does not ignore, by its path from the root; git itself need not be there. */
export const files: readonly string[] = filesIn('');

const product = /^(shared|functions|jobs|infra)\/.*\.ts$/;

/** What is shipped. */
export const productFiles = files.filter((path) => product.test(path));
/** All TypeScript: what is shipped, its tests and its benches. */
export const typescriptFiles = files.filter((path) => path.endsWith('.ts'));

/** `submit-job` is `submitJob` in code. */
export const inCamelCase = (name: string): string =>
  name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
