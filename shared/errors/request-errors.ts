import { AppError, type Violation } from './app-error';

export class InvalidRequestError extends AppError {
  constructor(message: string, errors: readonly Violation[] = [], cause?: unknown) {
    super(message, { code: 'invalid_request', fault: 'caller', details: { errors }, cause });
  }
}

export class PayloadTooLargeError extends AppError {
  constructor(message: string) {
    super(message, { code: 'payload_too_large', fault: 'caller' });
  }
}

/** A thing that does not exist, or that belongs to another tenant: the two are told apart nowhere. */
export class NotFoundError extends AppError {
  constructor(what: string, name: string) {
    super(`no ${what} named '${name}'`, { code: 'not_found', fault: 'caller' });
  }
}

/** The request is sound, but not in the state that the thing is in. */
export class ConflictError extends AppError {
  constructor(message: string, code = 'conflict', details: Record<string, unknown> = {}) {
    super(message, { code, fault: 'caller', details });
  }
}

/** An `Idempotency-Key` that was used before with another body. */
export class IdempotencyMismatchError extends AppError {
  constructor(key: string) {
    super(`the idempotency key '${key}' was used before with another body: send a new key`, {
      code: 'idempotency_mismatch',
      fault: 'caller',
    });
  }
}

export class UnsupportedMediaTypeError extends AppError {
  constructor(given: string) {
    super(`the content type '${given}' is not understood: send 'application/json', in UTF-8`, {
      code: 'unsupported_media_type',
      fault: 'caller',
    });
  }
}

export class TooManyRequestsError extends AppError {
  constructor(message: string, retryAfterSeconds: number) {
    super(message, {
      code: 'too_many_requests',
      fault: 'caller',
      retryable: true,
      details: { retryAfterSeconds },
    });
  }
}

/** An upload whose bytes are not those that were declared. */
export class DigestMismatchError extends AppError {
  constructor(message: string) {
    super(message, { code: 'digest_mismatch', fault: 'caller' });
  }
}
