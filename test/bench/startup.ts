import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Bench, median, withGoal } from './row';

const root = join(import.meta.dirname, '../..');
const runs = 5;

/** Milliseconds until the program prints a line that begins so; it is then stopped. */
async function untilLine(script: string, beginning: string): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), 'ingot-bench-'));
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, INGOT_HOME: home, INGOT_PORT: '0' },
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let elapsed = Number.NaN;
  createInterface(child.stdout).on('line', (line) => {
    if (!line.startsWith(beginning)) return;
    elapsed = performance.now() - startedAt;
    child.kill('SIGTERM');
  });
  const code = await exited;
  await rm(home, { recursive: true, force: true });
  if (Number.isNaN(elapsed)) throw new Error(`${script} ended with ${code} before it printed '${beginning}'`);
  return elapsed;
}

/** How long a user waits: for the server to be ready, and for the whole demo. */
export const startup: Bench = async () => {
  const ready: number[] = [];
  for (let run = 0; run < runs; run += 1) ready.push(await untilLine('infra/local/main.ts', 'ready '));
  const demo = await untilLine('infra/local/demo.ts', 'from a data set to a prediction');
  return [
    withGoal({ name: 'npm start until ready, median of 5', unit: 's', value: median(ready) / 1_000 }, '<', 3),
    withGoal({ name: 'the demo, whole', unit: 's', value: demo / 1_000 }, '<', 60),
  ];
};
