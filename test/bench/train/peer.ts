import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Workload } from './workloads';

const hello = z.object({ name: z.string(), version: z.string() });
const timed = z.object({ ms: z.number() });
const ended = z.object({ peak_bytes: z.number() });

/** A program that trains a workload, warmed up and waiting in a process of its own. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Milliseconds of a step, over so many. */
  run(steps: number): Promise<number>;
  /** Ends the process; the most bytes that it held in memory. */
  end(): Promise<number>;
}

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly workload: Workload | { readonly size: number };
  readonly threads: number;
  /** Arguments behind those that every peer is given. */
  readonly rest?: readonly string[];
}

/** The same number of threads for whichever library a peer computes with. */
const threadVariables = (threads: number) => ({
  OMP_NUM_THREADS: `${threads}`,
  MKL_NUM_THREADS: `${threads}`,
  NPROC: `${threads}`,
  PYTHONDONTWRITEBYTECODE: '1',
});

/** The child's answers, one line of JSON for each line that it is sent. */
function conversation(child: ChildProcess) {
  if (child.stdout === null || child.stdin === null) throw new Error('a peer has to be spawned with pipes');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async answer(): Promise<unknown> {
      const { value, done } = await lines.next();
      if (done) throw new Error('a peer ended before it answered');
      return JSON.parse(value);
    },
    say: (line: string) => stdin.write(`${line}\n`),
  };
}

/** Starts a peer and waits until it has warmed up. */
export async function openPeer({ command, args, workload, threads, rest = [] }: PeerCommand): Promise<Peer> {
  const child = spawn(command, [...args, JSON.stringify(workload), `${threads}`, ...rest], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...threadVariables(threads) },
  });
  const { answer, say } = conversation(child);
  const { name, version } = hello.parse(await answer());
  return {
    name,
    version,
    async run(steps) {
      say(`run ${steps}`);
      return timed.parse(await answer()).ms;
    },
    async end() {
      const exit = once(child, 'exit');
      say('end');
      const { peak_bytes } = ended.parse(await answer());
      await exit;
      return peak_bytes;
    },
  };
}
