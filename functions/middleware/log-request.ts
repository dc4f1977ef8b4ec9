import type { MiddlewareObj } from '@middy/core';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { AppError } from '../../shared/errors/app-error';
import type { Exchange, HttpAnswer } from './exchange';

/** What is kept of a request: never its body, its query or its key's secret. */
export interface RequestLine {
  request_id: string;
  route: string;
  status: number;
  milliseconds: number;
  tenant?: string;
  key?: string;
  code?: string;
}

/** Where lines go; a Powertools `Logger` is one. */
export interface RequestLog {
  info(message: string, line: RequestLine): void;
  error(message: string, line: RequestLine, error: Error): void;
}

function lineOf<R extends RouteDefinition>(route: R, exchange: Exchange<R>, status: number): RequestLine {
  const { requestId, principal, startedAt } = exchange;
  const milliseconds = Math.round((performance.now() - startedAt) * 1000) / 1000;
  return principal === undefined
    ? { request_id: requestId, route: route.name, status, milliseconds }
    : {
        request_id: requestId,
        route: route.name,
        status,
        milliseconds,
        tenant: principal.tenant,
        key: principal.keyId,
      };
}

/** One line for each request; the error with its stack where the fault is not the caller's. */
export const logRequest = <R extends RouteDefinition>(
  route: R,
  log: RequestLog,
): MiddlewareObj<Exchange<R>, HttpAnswer> => ({
  after: ({ event, response }) => log.info('request', lineOf(route, event, response?.statusCode ?? 0)),
  onError: ({ event, response, error }) => {
    const line = lineOf(route, event, response?.statusCode ?? 500);
    if (error instanceof AppError && error.fault === 'caller') {
      return log.info('request', { ...line, code: error.code });
    }
    log.error('request failed', line, error ?? new Error('no error was given'));
  },
});
