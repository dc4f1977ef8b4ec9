import type { ModelRuntime } from '../../shared/ports/model-runtime';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { RecordStore } from '../../shared/ports/record-store';

/** How often the real adapters behind it were asked. */
export interface CallCount {
  calls: number;
}

/** The same store, with every call counted. */
export function countedObjects(store: ObjectStore): ObjectStore & CallCount {
  const counted = {
    ...store,
    calls: 0,
    get(key: string) {
      counted.calls++;
      return store.get(key);
    },
    head(key: string) {
      counted.calls++;
      return store.head(key);
    },
  };
  return counted;
}

/** The same records, with every read counted. */
export function countedRecords(store: RecordStore): RecordStore & CallCount {
  const counted: RecordStore & CallCount = {
    ...store,
    calls: 0,
    get(key) {
      counted.calls++;
      return store.get(key);
    },
    list(page) {
      counted.calls++;
      return store.list(page);
    },
  };
  return counted;
}

/** The same runtime, which knows how many of its sessions were loaded and let go. */
export function watchedRuntime(runtime: ModelRuntime): ModelRuntime & { loaded: number; disposed: number } {
  const watched = {
    loaded: 0,
    disposed: 0,
    async load(...given: Parameters<ModelRuntime['load']>) {
      const session = await runtime.load(...given);
      watched.loaded++;
      return {
        ...session,
        async dispose() {
          await session.dispose();
          watched.disposed++;
        },
      };
    },
  };
  return watched;
}
