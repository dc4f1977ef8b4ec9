import { AppError } from '../shared/errors/app-error';

/** What a container's exit code says to the runner (after sysexits.h); Batch retries 75 and nothing else of these. */
export const exitCodes = {
  ok: 0,
  badSpec: 64,
  badData: 65,
  internal: 70,
  retry: 75,
  configuration: 78,
} as const;

const byErrorCode: Readonly<Record<string, number>> = {
  bad_spec: exitCodes.badSpec,
  invalid_request: exitCodes.badSpec,
  configuration: exitCodes.configuration,
};

/** The exit code for what a job threw: the caller's data and specs are not retried, a dependency that may recover is. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof AppError)) return exitCodes.internal;
  if (error.retryable) return exitCodes.retry;
  return byErrorCode[error.code] ?? (error.fault === 'caller' ? exitCodes.badData : exitCodes.internal);
}
