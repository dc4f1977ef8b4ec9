import { join, resolve } from 'node:path';
import { runEventRecorder } from '../../functions/composition/jobs';
import type { WithJobQueue } from '../../functions/composition/platform';
import { embeddedFolders } from '../../shared/adapters/embedded/embedded-folders';
import { env } from '../../shared/config/env';
import type { RunEvent } from '../../shared/contracts/events';
import type { ServiceLog } from '../../shared/observability/logger';
import { systemClock } from '../../shared/ports/clock';
import { ulidIds } from '../../shared/ports/ids';
import { jobBell } from '../../shared/stores/job-bell';
import { type ChildProcessRunner, childProcessRunner } from './child-process-runner';
import type { EmbeddedCloud } from './embedded-cloud';

const projectRoot = resolve(import.meta.dirname, '../..');
const containerCommand = [process.execPath, '--import', 'tsx', join(projectRoot, 'jobs/main.ts')] as const;

/** What the job definition tells every container on AWS. */
export const containerEnvironment = (home: string, threads: number): Record<string, string> => ({
  [env.INGOT_CLOUD]: 'embedded',
  [env.INGOT_HOME]: home,
  [env.INGOT_EVENT_QUEUE_URL]: embeddedFolders(home).eventQueue,
  [env.INGOT_THREADS]: String(threads),
});

/** The platform whose runner starts child processes and tells the recorder, on the same platform, how they go. */
export function localPlatform(
  cloud: EmbeddedCloud,
  log: ServiceLog,
  slots: number,
): WithJobQueue & { runner: ChildProcessRunner } {
  const { records, keys, objects, jobQueue } = cloud;
  // runner and recorder need each other: the recorder stops unwanted runs, the runner tells the recorder of all
  let record: (event: RunEvent) => Promise<void> = async () => undefined;
  const runner = childProcessRunner({
    store: cloud.runs,
    slots,
    command: containerCommand,
    cwd: projectRoot,
    deliver: (event) => record(event),
    clock: systemClock,
    ids: ulidIds,
    onLog: (line) => log.warn(line),
  });
  const platform = {
    records,
    keys,
    objects,
    jobQueue,
    runner,
    clock: systemClock,
    ids: ulidIds,
    log,
    bell: jobBell(),
  };
  record = runEventRecorder(platform);
  return platform;
}
