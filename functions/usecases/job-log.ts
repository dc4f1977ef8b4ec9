/** What a line about a job says beside its message: never a spec, a token or a payload. */
export interface JobLine {
  tenant?: string;
  job?: string;
  run?: string;
  attempt?: number;
  state?: string;
  message_id?: string;
}

/** Where lines about jobs go; a Powertools `Logger` is one. */
export interface JobLog {
  info(message: string, line: JobLine): void;
  warn(message: string, line: JobLine): void;
  error(message: string, line: JobLine, error: Error): void;
}

export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
