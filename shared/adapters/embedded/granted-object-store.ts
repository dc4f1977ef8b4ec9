import type { JobGrant } from '../../contracts/job-files';
import { OutsideGrantError } from '../../errors/store-errors';
import { checkKeyPrefix, checkObjectKey } from '../../ports/object-key';
import type { ObjectStore } from '../../ports/object-store';

/** An entry that ends in '/' covers what is under it, any other the one object of that name. */
const covers = (entry: string, key: string): boolean =>
  entry.endsWith('/') ? key.startsWith(entry) : key === entry;

const coversList = (entry: string, prefix: string): boolean =>
  entry.endsWith('/') && prefix.startsWith(entry);

/**
 * The store as one job may see it: `OutsideGrantError` for reading, listing or writing anything that its grant does not
 * name. `aws/session-policy.ts` says the same to IAM.
 */
export const grantedObjectStore = (store: ObjectStore, grant: JobGrant): ObjectStore => {
  const readable = (verb: string, key: string): string => {
    if (!grant.read.some((entry) => covers(entry, checkObjectKey(key))))
      throw new OutsideGrantError(verb, key);
    return key;
  };
  const writable = (verb: string, key: string): string => {
    if (!grant.write.some((entry) => covers(entry, checkObjectKey(key))))
      throw new OutsideGrantError(verb, key);
    return key;
  };
  const listable = (prefix: string): string => {
    if (!grant.read.some((entry) => coversList(entry, checkKeyPrefix(prefix))))
      throw new OutsideGrantError('list', prefix);
    return prefix;
  };
  return {
    head: async (key) => store.head(readable('read', key)),
    get: async (key) => store.get(readable('read', key)),
    put: async (key, body, options) => store.put(writable('write', key), body, options),
    remove: async (key) => store.remove(writable('remove', key)),
    async *list(prefix) {
      yield* store.list(listable(prefix));
    },
    presignUpload: async (request) =>
      store.presignUpload({ ...request, key: writable('write', request.key) }),
    presignDownload: async (request) =>
      store.presignDownload({ ...request, key: readable('read', request.key) }),
  };
};
