/** Whose doing it is: the caller's request, our own code, or something that we depend on. */
export type Fault = 'caller' | 'service' | 'dependency';

/** One thing wrong inside a request, spec or data set; `pointer` is a JSON Pointer (RFC 6901). */
export interface Violation {
  pointer: string;
  detail: string;
}

export interface AppErrorOptions {
  code: string;
  fault: Fault;
  retryable?: boolean;
  details?: { errors?: readonly Violation[]; [name: string]: unknown };
  cause?: unknown;
}

/**
 * The root of every error that Ingot raises on purpose.
 * Message: lower case, no full stop; what went wrong, the value got, the values allowed, what to do. Never secrets.
 */
export class AppError extends Error {
  readonly code: string;
  readonly fault: Fault;
  readonly retryable: boolean;
  readonly details: NonNullable<AppErrorOptions['details']>;

  constructor(message: string, options: AppErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.fault = options.fault;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}
