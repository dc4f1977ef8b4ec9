import { DependencyError } from '../../../shared/errors/store-errors';
import type { Ports } from './job-world';

/**
 * What goes wrong at one call of a port. A process that dies behind a read, or before anything, leaves the same as one
 * that died behind the write before, so death is tried behind writes alone.
 */
export const faults = {
  'dies behind a write': { performs: true, dies: true, atReads: false },
  'loses the answer to a write': { performs: true, dies: false, atReads: false },
  'is refused a call': { performs: false, dies: false, atReads: true },
} as const;
export type FaultName = keyof typeof faults;

export interface FaultyPorts extends Ports {
  /** How many calls were made until now at which the fault could strike. */
  calls(): number;
  /** Another process takes over: it has none of the dead one's troubles. */
  restart(): void;
}

/**
 * These ports, with one fault at the call of that number (from 1). A process that dies has no effect any more, whatever
 * it tries, until `restart`.
 */
export function faultyPorts(ports: Ports, fault: { name: FaultName; at: number }): FaultyPorts {
  const { performs, dies, atReads } = faults[fault.name];
  let calls = 0;
  let isDead = false;

  async function read<T>(perform: () => Promise<T>): Promise<T> {
    if (isDead) throw new Error('this process is dead');
    return atReads ? write(perform) : perform();
  }

  async function write<T>(perform: () => Promise<T>): Promise<T> {
    if (isDead) throw new Error('this process is dead');
    calls += 1;
    if (calls !== fault.at) return perform();
    if (performs) await perform();
    isDead = dies;
    throw new DependencyError('no answer', { retryable: true });
  }

  const { records, objects, queue, runner } = ports;
  return {
    calls: () => calls,
    restart() {
      isDead = false;
    },
    records: {
      get: (key) => read(() => records.get(key)),
      put: (record) => write(() => records.put(record)),
      remove: (key) => write(() => records.remove(key)),
      list: (page) => read(() => records.list(page)),
    },
    objects: {
      head: (key) => read(() => objects.head(key)),
      get: (key) => read(() => objects.get(key)),
      put: (key, body, options) => write(() => objects.put(key, body, options)),
      remove: (key) => write(() => objects.remove(key)),
      async *list(prefix) {
        yield* await read(async () => objects.list(prefix));
      },
      presignUpload: (request) => read(() => objects.presignUpload(request)),
      presignDownload: (request) => read(() => objects.presignDownload(request)),
    },
    queue: {
      send: (messages) => write(() => queue.send(messages)),
      receive: (options) => queue.receive(options),
      acknowledge: (receipt) => queue.acknowledge(receipt),
      release: (receipt, delay) => queue.release(receipt, delay),
    },
    runner: {
      submit: (request) => write(() => runner.submit(request)),
      terminate: (runId, reason) => write(() => runner.terminate(runId, reason)),
    },
  };
}
