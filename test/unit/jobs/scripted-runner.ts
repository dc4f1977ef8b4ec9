import { randomUUID } from 'node:crypto';
import type { RunEvent } from '../../../shared/contracts/events';
import { type RunOrder, runOrder } from '../../../shared/contracts/run-order';
import type { BatchRunner, RunRequest } from '../../../shared/ports/batch-runner';

export interface ScriptedRun {
  id: string;
  request: RunRequest;
  order: RunOrder;
  token: string;
  stopped?: string;
}

/** A runner that runs nothing: it keeps what it was asked for, and a test tells its events. */
export interface ScriptedRunner extends BatchRunner {
  readonly runs: ScriptedRun[];
  /** The only run of a job, or an error. */
  runOf(jobId: string): ScriptedRun;
}

/** `knowsTwins`: whether it can tell that a job was submitted before; AWS Batch cannot always. */
export function scriptedRunner({ knowsTwins = true } = {}): ScriptedRunner {
  const runs: ScriptedRun[] = [];
  return {
    runs,
    async submit(request) {
      const twin = knowsTwins ? runs.find((run) => run.request.jobId === request.jobId) : undefined;
      if (twin !== undefined) return { runId: twin.id };
      const { INGOT_ORDER: order = '{}', INGOT_JOB_TOKEN: token = '' } = request.environment;
      const run = { id: `run_${randomUUID()}`, request, order: runOrder.parse(JSON.parse(order)), token };
      runs.push(run);
      return { runId: run.id };
    },
    async terminate(runId, reason) {
      const run = runs.find(({ id }) => id === runId);
      if (run !== undefined) run.stopped ??= reason;
    },
    runOf(jobId) {
      const [run, twin] = runs.filter(({ request }) => request.jobId === jobId);
      if (run === undefined || twin !== undefined) throw new Error(`not one run of ${jobId}`);
      return run;
    },
  };
}

/** What the runner would tell of a run. */
export const anEvent = (
  run: ScriptedRun,
  state: RunEvent['state'],
  facts: Partial<RunEvent> = {},
): RunEvent => ({
  tenant: run.request.tenant,
  job_id: run.request.jobId,
  run_id: run.id,
  attempt: 1,
  state,
  at: '2026-01-01T00:01:00.000Z',
  ...(state === 'succeeded' ? { exit_code: 0 } : {}),
  ...facts,
});
