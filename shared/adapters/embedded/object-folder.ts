import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf } from './file-errors';

/** Ends the names of objects' files; no key holds it, so that `a` can be an object and the folder of `a/b`. */
const mark = '@';

export const objectPath = (root: string, key: string): string => join(root, `${key}${mark}`);

const readFolder = (path: string): Promise<Dirent[]> =>
  readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });

/** A folder's entries as the beginnings of keys, the last one first: an object as its key, a folder with its '/'. */
const entriesOf = async (root: string, folder: string): Promise<string[]> => {
  const entries = await readFolder(join(root, folder));
  const names = entries.flatMap((entry) => {
    if (entry.isDirectory()) return [`${entry.name}/`];
    return entry.name.endsWith(mark) ? [entry.name.slice(0, -mark.length)] : [];
  });
  return names
    .map((name) => `${folder}${name}`)
    .sort()
    .reverse();
};

const leadsTo = (entry: string, prefix: string): boolean =>
  entry.startsWith(prefix) || prefix.startsWith(entry);

/** Every stored key that begins with the prefix, in key order; holds the names of one path of folders in memory. */
export async function* walkKeys(root: string, prefix: string): AsyncGenerator<string> {
  const first = dirname(`${prefix}x`);
  const open = [await entriesOf(root, first === '.' ? '' : `${first}/`)];
  for (let entries = open.at(-1); entries !== undefined; entries = open.at(-1)) {
    const entry = entries.pop();
    if (entry === undefined) open.pop();
    else if (entry.endsWith('/') && leadsTo(entry, prefix)) open.push(await entriesOf(root, entry));
    else if (!entry.endsWith('/') && entry.startsWith(prefix)) yield entry;
  }
}
