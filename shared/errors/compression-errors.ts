import { AppError } from './app-error';

/** A model that a pass cannot work on: too old an opset, for one. */
export class UnsuitableModelError extends AppError {
  constructor(message: string) {
    super(message, { code: 'unsuitable_model', fault: 'caller' });
  }
}

/** A pass that failed, or gave a graph that is none: which one, and what had run before it. */
export class PassFailedError extends AppError {
  constructor(pass: string, before: readonly string[], cause: unknown) {
    const known = cause instanceof AppError ? cause : undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`${pass}${before.length === 0 ? '' : `, after ${before.join(' and ')},`} failed: ${reason}`, {
      code: known?.code ?? 'pass_failed',
      fault: known instanceof UnsuitableModelError ? 'caller' : 'service',
      details: { pass, before },
      cause,
    });
  }
}
