import type { SweepReport } from '../usecases/sweep-jobs';

export interface SweepHandlerDependencies {
  sweepJobs: () => Promise<SweepReport>;
  log: { info(message: string, report: SweepReport): void };
}

/** The schedule's handler: one sweep, and one line of what it did. */
export const sweepOpenJobs =
  ({ sweepJobs, log }: SweepHandlerDependencies) =>
  async (): Promise<void> =>
    log.info('swept the open jobs', await sweepJobs());
