import { recordRunEvents } from '../events/record-run-events';
import { sweepOpenJobs } from '../events/sweep-jobs';
import { readJobEventsHandler } from '../http/read-job-events';
import { dispatchJobs } from '../queue/dispatch-jobs';
import { recordContainerEvents } from '../queue/record-container-events';
import { failDispatch } from '../usecases/fail-dispatch';
import { followJobEvents } from '../usecases/follow-job-events';
import { readJobEvents } from '../usecases/read-job-events';
import { recordContainerEvent } from '../usecases/record-container-event';
import { recordRunEvent } from '../usecases/record-run-event';
import { startJob } from '../usecases/start-job';
import { sweepJobs } from '../usecases/sweep-jobs';
import {
  type JobLimits,
  jobLimits,
  type Platform,
  storesOf,
  type WithJobQueue,
  type WithRunner,
} from './platform';
import type { HandlersOf } from './route-handlers';

/** The events function: what happened to a job, as a list or a stream. */
export function eventHandlers(platform: Platform, streamSeconds: number): HandlersOf<'events'> {
  const { log, bell, clock } = platform;
  const { jobs, events, idempotency } = storesOf(platform);
  return {
    'read-job-events': readJobEventsHandler({
      edge: { log, idempotency },
      readJobEvents: readJobEvents({ jobs, events }),
      followJobEvents: followJobEvents({
        jobs,
        events,
        bell,
        clock,
        longestMilliseconds: streamSeconds * 1_000,
      }),
    }),
  };
}

/** Dispatch messages -> runs. */
export function dispatcher(
  platform: WithRunner & { containerEnvironment: Readonly<Record<string, string>> },
  limits: JobLimits = jobLimits,
) {
  const deps = { ...platform, ...storesOf(platform), ...limits };
  return dispatchJobs({
    ...limits,
    startJob: startJob(deps),
    failDispatch: failDispatch(deps),
    log: platform.log,
  });
}

/** Container events -> the job's progress and log. */
export const containerEventRecorder = (platform: Platform) =>
  recordContainerEvents({
    recordContainerEvent: recordContainerEvent(storesOf(platform)),
    log: platform.log,
  });

/** Run events -> the job's state, and what comes of its end. */
export const runEventRecorder = (platform: WithRunner) =>
  recordRunEvent({ ...platform, ...storesOf(platform) });

/** The same from EventBridge's events of AWS Batch. */
export const batchEventRecorder = (platform: WithRunner) =>
  recordRunEvents({ recordRunEvent: runEventRecorder(platform), log: platform.log });

/** The schedule's sweep over open jobs. */
export const sweeper = (platform: WithJobQueue, limits: JobLimits = jobLimits) =>
  sweepOpenJobs({
    sweepJobs: sweepJobs({ ...platform, ...storesOf(platform), ...limits, queue: platform.jobQueue }),
    log: platform.log,
  });
