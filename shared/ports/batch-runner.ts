import type { JobResources } from '../contracts/job';

/** Everything that a container needs to be started; `environment` is the whole contract with `jobs/main.ts`. */
export interface RunRequest {
  jobId: string;
  tenant: string;
  /** Scheduling share: tenants get equal parts of the machines. */
  shareIdentifier: string;
  resources: JobResources;
  timeoutSeconds: number;
  /** How many attempts in all, for interruptions and exit code 75. */
  attempts: number;
  environment: Record<string, string>;
}

/** Starts containers. States come back as run events (`contracts/events.ts`), never by polling. */
export interface BatchRunner {
  /** The same `jobId` submitted twice within a day gives one run where the runner can tell. */
  submit(request: RunRequest): Promise<{ runId: string }>;
  /** Before it starts: never starts. While it runs: SIGTERM, 30 s, SIGKILL. After its end: no error. */
  terminate(runId: string, reason: string): Promise<void>;
}
