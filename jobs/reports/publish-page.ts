import type { JobContext } from '../kinds/job-kind';

/** Of every kind of job that leaves a page. */
const pageName = 'report.html';

/** Publishes a page as `report.html`. One that cannot be drawn is told of in the log: it costs nobody the model it is about. */
export async function publishPage(
  { outputs, log }: Pick<JobContext, 'outputs' | 'log'>,
  drawn: () => Promise<string>,
): Promise<void> {
  const page = await drawn().catch((error: unknown) => {
    log('warn', `${pageName} is left out, it could not be drawn: ${String(error)}`);
    return undefined;
  });
  if (page !== undefined) await outputs.publish(pageName, new TextEncoder().encode(page));
}
