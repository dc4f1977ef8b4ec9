import { totalmem } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { containerEnvironment, type Environment, readEnvironment } from '../shared/config/env';
import { runOrder } from '../shared/contracts/run-order';
import { ConfigurationError } from '../shared/errors/job-errors';
import { systemClock } from '../shared/ports/clock';
import type { ObjectStore } from '../shared/ports/object-store';
import { eventReporter } from './event-reporter';
import { exitCodeOf } from './exit-code';
import type { JobContext } from './kinds/job-kind';
import { runJob } from './run-job';
import { wireContainer } from './wiring';

/** The order as its own variable, or where it is too long for one, as an object. */
async function readOrder(store: ObjectStore, inline: string | undefined, key: string | undefined) {
  const text = inline ?? (key === undefined ? undefined : String(await buffer(await store.get(key))));
  if (text === undefined) throw new ConfigurationError('neither INGOT_ORDER nor INGOT_ORDER_KEY is set');
  const parsed = runOrder.safeParse(JSON.parse(text));
  if (!parsed.success) throw new ConfigurationError(`the run order is not valid: ${parsed.error.message}`);
  return parsed.data;
}

/** The container's limit where it has one, else what the machine has. */
const memoryLimit = (): number =>
  Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/** From a container's environment to its exit code. */
export async function runContainer(
  environment: Environment,
  program: JobContext['program'],
  signal: AbortSignal,
): Promise<number> {
  try {
    const settings = readEnvironment(containerEnvironment, environment);
    const { store, storeGranted, queue, runtime, scratchRoot } = await wireContainer(settings, environment);
    const order = await readOrder(store, settings.INGOT_ORDER, settings.INGOT_ORDER_KEY);
    const attempt = settings.AWS_BATCH_JOB_ATTEMPT;
    const sender = { tenant: order.tenant, job_id: order.job_id, attempt, token: settings.INGOT_JOB_TOKEN };
    const reporter = eventReporter({ queue, clock: systemClock }, sender);
    const { INGOT_THREADS: threads, INGOT_PROVIDER: provider } = settings;
    const own = { runtime, reporter, threads, provider, memoryBytes: memoryLimit(), program, scratchRoot };
    const deps = { store: storeGranted(order.grant), ...own };
    return await runJob(deps, { order, attempt, signal });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodeOf(error);
  }
}
