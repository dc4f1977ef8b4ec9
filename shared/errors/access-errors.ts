import { AppError } from './app-error';

export class UnauthenticatedError extends AppError {
  constructor(message = "no valid API key: send 'Authorization: Bearer <key>' or 'x-api-key: <key>'") {
    super(message, { code: 'unauthenticated', fault: 'caller' });
  }
}

export class ForbiddenError extends AppError {
  constructor(scope: string, held: readonly string[]) {
    super(`this key lacks the scope '${scope}'; it has: ${held.join(', ') || 'none'}`, {
      code: 'forbidden',
      fault: 'caller',
    });
  }
}

/** A presigned URL whose signature does not hold, or whose time is over. */
export class InvalidSignatureError extends AppError {
  constructor(message: string, code: 'signature_invalid' | 'signature_expired' = 'signature_invalid') {
    super(message, { code, fault: 'caller' });
  }
}
