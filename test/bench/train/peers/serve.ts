import { createInterface } from 'node:readline';
import { peakBytes } from '../../../support/peak-memory';
import type { Workload } from '../workloads';

/** The workload and the number of threads that the bench asks for. */
export function asked(): { workload: Workload; threads: number } {
  const [workload = '', threads = '1'] = process.argv.slice(2);
  return { workload: JSON.parse(workload), threads: Number(threads) };
}

const reply = (fields: object) => console.log(JSON.stringify(fields));

export interface Served {
  readonly name: string;
  readonly version: string;
  /** Does so many steps. */
  readonly run: (steps: number) => Promise<void>;
  readonly warmUpSteps?: number;
}

/** What every peer in Node does: `run N` is answered with the milliseconds of a step, `end` with the peak of memory. */
export async function serve({ name, version, run, warmUpSteps = 5 }: Served): Promise<void> {
  await run(warmUpSteps);
  reply({ name, version });
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, steps] = line.split(' ');
    if (verb === 'end') break;
    const start = performance.now();
    await run(Number(steps));
    reply({ ms: (performance.now() - start) / Number(steps) });
  }
  reply({ peak_bytes: peakBytes() });
  process.exit(0);
}
