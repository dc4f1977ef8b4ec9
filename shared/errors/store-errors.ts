import { AppError } from './app-error';

/** A conditional write lost: the record or object is not in the state that the writer expected. Read again. */
export class ConditionFailedError extends AppError {
  constructor(what: string, cause?: unknown) {
    super(`${what} changed since it was read`, {
      code: 'condition_failed',
      fault: 'service',
      retryable: true,
      cause,
    });
  }
}

/** A key that the object store port does not allow: nothing was read or written. */
export class InvalidObjectKeyError extends AppError {
  constructor(key: string) {
    super(
      `the object key '${key.slice(0, 200)}' is not allowed: keys are 1 to 1024 of A-Z, a-z, 0-9, '.', '_', '-' and '/', in segments of 1 to 200 that are not '.' or '..'`,
      { code: 'invalid_object_key', fault: 'service' },
    );
  }
}

export class ObjectNotFoundError extends AppError {
  constructor(key: string, cause?: unknown) {
    super(`no object at '${key}'`, { code: 'object_not_found', fault: 'service', cause });
  }
}

/** Stored or received bytes are not the bytes that were written: wrong digest or failed authentication. */
export class IntegrityError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'integrity', fault: 'service', cause });
  }
}

/** A store, queue or key service that did not answer, or answered that it cannot now. */
export class DependencyError extends AppError {
  constructor(message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, { code: 'dependency_failed', fault: 'dependency', ...options });
  }
}

/** A process reached for an object or a queue outside its grant. */
export class OutsideGrantError extends AppError {
  constructor(verb: string, key: string) {
    super(`this job may not ${verb} '${key}': it is outside its grant`, {
      code: 'outside_grant',
      fault: 'service',
    });
  }
}
