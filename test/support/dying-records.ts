import type { RecordStore } from '../../shared/ports/record-store';

class Died extends Error {}

/** These records, in the hands of a process that dies behind the write of that number (from 1), and does nothing after. */
export function dyingRecords(
  records: RecordStore,
  behindWrite: number,
): RecordStore & { hasDied(): boolean } {
  let writes = 0;

  function alive(): void {
    if (writes >= behindWrite) throw new Died(`this process died behind write ${behindWrite}`);
  }

  async function write<T>(perform: () => Promise<T>): Promise<T> {
    alive();
    const result = await perform();
    writes += 1;
    alive();
    return result;
  }

  return {
    hasDied: () => writes >= behindWrite,
    async get(key) {
      alive();
      return records.get(key);
    },
    async list(page) {
      alive();
      return records.list(page);
    },
    put: (record) => write(() => records.put(record)),
    remove: (key) => write(() => records.remove(key)),
  };
}
