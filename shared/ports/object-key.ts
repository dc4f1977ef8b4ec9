import { InvalidObjectKeyError } from '../errors/store-errors';

const segment = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/;
const longestKey = 1024;

const isKey = (key: string) => key.length <= longestKey && key.split('/').every((part) => segment.test(part));

/** Returns the key that every object store must take, or raises `InvalidObjectKeyError`: no empty, '.' or '..' segment. */
export const checkObjectKey = (key: string): string => {
  if (!isKey(key)) throw new InvalidObjectKeyError(key);
  return key;
};

/** As `checkObjectKey`, for the beginning of a key: empty, ending in '/', or in the middle of a segment. */
export const checkKeyPrefix = (prefix: string): string => {
  if (prefix !== '' && !isKey(`${prefix}${prefix.endsWith('/') ? 'x' : ''}`))
    throw new InvalidObjectKeyError(prefix);
  return prefix;
};

/** The last segment of a key: the name of the file that somebody saves the object as. */
export const fileNameOf = (key: string): string => checkObjectKey(key).slice(key.lastIndexOf('/') + 1);
