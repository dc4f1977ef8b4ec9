import { STATUS_CODES } from 'node:http';
import type { MiddlewareObj } from '@middy/core';
import type { Problem } from '../../shared/contracts/problem';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import {
  ForbiddenError,
  InvalidSignatureError,
  UnauthenticatedError,
} from '../../shared/errors/access-errors';
import { AppError } from '../../shared/errors/app-error';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import { ModelLoadError, ModelRunError } from '../../shared/errors/model-errors';
import {
  ConflictError,
  DigestMismatchError,
  IdempotencyMismatchError,
  NotFoundError,
  PayloadTooLargeError,
  TooManyRequestsError,
  UnsupportedMediaTypeError,
} from '../../shared/errors/request-errors';
import { ModelTooLargeError } from '../../shared/errors/serving-errors';
import type { Exchange, HttpAnswer } from './exchange';

type ErrorClass = abstract new (...parts: never) => AppError;

/** The one place where an error gets its HTTP status; a caller's error that has no row is 400. */
const statusByClass = new Map<ErrorClass, number>([
  [UnauthenticatedError, 401],
  [ForbiddenError, 403],
  [InvalidSignatureError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [PayloadTooLargeError, 413],
  [UnsupportedMediaTypeError, 415],
  [BadSpecError, 422],
  [UnusableDataError, 422],
  [IdempotencyMismatchError, 422],
  [DigestMismatchError, 422],
  [ModelLoadError, 422],
  [ModelRunError, 422],
  [ModelTooLargeError, 422],
  [TooManyRequestsError, 429],
]);

function callerStatus(error: AppError): number {
  for (const [errorClass, status] of statusByClass) if (error instanceof errorClass) return status;
  return 400;
}

type Outcome = Pick<Problem, 'status' | 'code' | 'detail' | 'errors'>;

const isCallers = (error: unknown): error is AppError =>
  error instanceof AppError && error.fault === 'caller';

/** Only what the caller did is told; of our own faults and our dependencies' the caller learns whether to try again. */
function outcomeOf(error: unknown, requestId: string): Outcome {
  if (isCallers(error)) {
    const { errors } = error.details;
    const told = errors === undefined || errors.length === 0 ? {} : { errors: [...errors] };
    return { status: callerStatus(error), code: error.code, detail: error.message, ...told };
  }
  const where = `if it stays so, tell us the request: ${requestId}`;
  return error instanceof AppError && error.retryable
    ? { status: 503, code: 'unavailable', detail: `the service cannot answer now, try again; ${where}` }
    : { status: 500, code: 'internal', detail: `something went wrong on our side; ${where}` };
}

const defaultRetrySeconds = 1;

function headersFor(status: number, error: unknown): Record<string, string> {
  const asked = error instanceof AppError ? error.details.retryAfterSeconds : undefined;
  const retryAfter = typeof asked === 'number' ? asked : defaultRetrySeconds;
  const mayRetry = status === 429 || status === 503 || typeof asked === 'number';
  return {
    ...(mayRetry ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) } : {}),
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="ingot"' } : {}),
  };
}

/** Any error as the answer that its caller gets; the gateway uses it too, for errors that arise before a handler runs. */
export function errorResponse(error: unknown, at: { path: string; requestId: string }): HttpAnswer {
  const outcome = outcomeOf(error, at.requestId);
  const problem: Problem = {
    type: `urn:ingot:problem:${outcome.code}`,
    title: STATUS_CODES[outcome.status] ?? 'Error',
    instance: `urn:ingot:request:${at.requestId}`,
    ...outcome,
    ...(at.path.startsWith('/v2') ? { error: outcome.detail } : {}),
  };
  return {
    statusCode: outcome.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': at.requestId,
      ...headersFor(outcome.status, error),
    },
    body: JSON.stringify(problem),
  };
}

/** The step that no error gets past. */
export const answerErrors = <R extends RouteDefinition>(): MiddlewareObj<Exchange<R>, HttpAnswer> => ({
  onError: (request) => {
    const { event, requestId } = request.event;
    request.response = errorResponse(request.error, { path: event.path, requestId });
  },
});
