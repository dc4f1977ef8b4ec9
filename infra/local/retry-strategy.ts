import type { RunEvent } from '../../shared/contracts/events';

/** How one attempt ended: an exit code or a signal, a child that never started, or a host that went away. */
export interface AttemptEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  error?: string;
  hostLost?: boolean;
}

interface AttemptSoFar {
  attempt: number;
  attempts: number;
  /** Set when we stopped it ourselves: cancel or timeout. */
  stopped?: string | undefined;
}

const retryExitCode = 75;
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGKILL: 9,
  SIGTERM: 15,
  SIGSEGV: 11,
  SIGABRT: 6,
};

/** What a shell and a container runtime report of a process that a signal ended. */
const exitCodeOf = ({ code, signal }: AttemptEnd) =>
  code ?? (signal ? 128 + (signalNumbers[signal] ?? 0) : undefined);

/**
 * The job definition's retry strategy: again when the host was lost or on exit 75, while attempts remain; everything
 * else ends the run.
 */
export function nextStep(
  end: AttemptEnd,
  so: AttemptSoFar,
): { retry: boolean; event: Pick<RunEvent, 'state'> & Partial<RunEvent> } {
  const code = exitCodeOf(end);
  const exit = code === undefined ? {} : { exit_code: code };
  if (code === 0) return { retry: false, event: { state: 'succeeded', ...exit } };
  if (so.stopped !== undefined)
    return { retry: false, event: { state: 'failed', ...exit, reason: so.stopped } };
  const interrupted = end.hostLost === true || code === retryExitCode;
  const why = end.hostLost ? 'the server stopped while the job ran' : (end.error ?? `exit code ${code}`);
  if (interrupted && so.attempt < so.attempts)
    return { retry: true, event: { state: 'interrupted', ...exit, reason: why } };
  const spent = interrupted ? `; all ${so.attempts} attempts are used up` : '';
  return { retry: false, event: { state: 'failed', ...exit, reason: `${why}${spent}` } };
}
