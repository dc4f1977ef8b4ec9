import middy from '@middy/core';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Scope } from '../../shared/contracts/keys';
import type { RouteAnswer, RouteDefinition, RouteInput } from '../../shared/contracts/route-definition';
import type { IdempotencyStore } from '../../shared/stores/idempotency-store';
import { answerOnce } from '../middleware/answer-once';
import { authenticate } from '../middleware/authenticate';
import { answerErrors } from '../middleware/error-response';
import type { Exchange, HttpAnswer, Principal } from '../middleware/exchange';
import { logRequest, type RequestLog } from '../middleware/log-request';
import { parseRequest } from '../middleware/parse-request';

/** What every route needs beside its use case. */
export interface HttpEdge {
  log: RequestLog;
  idempotency: IdempotencyStore;
}

/** A request as its handler sees it: parsed, typed, and from somebody known where the route has a scope. */
export type HttpRequest<R extends RouteDefinition> = RouteInput<R> & {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  /** Aborts when the caller has gone, where the gateway can tell. */
  readonly signal: AbortSignal | undefined;
  /** With an `Idempotency-Key`: the same for every try of the request. */
  readonly intent: string | undefined;
} & (R extends { readonly scope: Scope } ? Principal : unknown);

/** What a handler answers: the route's own status and JSON, unless it says otherwise; a `stream` takes the body's place. */
export type Reply<R extends RouteDefinition> = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
} & ({ readonly body: RouteAnswer<R> } | { readonly stream: AsyncIterable<string> });

export type RouteHandler = (
  event: APIGatewayProxyEvent,
  context?: { signal?: AbortSignal },
) => Promise<HttpAnswer>;

/** Of a header sent twice the last one counts, as API Gateway has it in `headers`. */
function lowerCased(event: APIGatewayProxyEvent): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in event.headers) headers[name.toLowerCase()] = event.headers[name] ?? '';
  return headers;
}

const exchangeOf = <R extends RouteDefinition>(
  event: APIGatewayProxyEvent,
  signal?: AbortSignal,
): Exchange<R> => ({
  event,
  headers: lowerCased(event),
  requestId: event.requestContext.requestId,
  startedAt: performance.now(),
  signal,
});

function serialise<R extends RouteDefinition>(route: R, requestId: string, reply: Reply<R>): HttpAnswer {
  const statusCode = reply.status ?? route.status;
  const headers = {
    'content-type': 'stream' in reply ? 'text/event-stream; charset=utf-8' : 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    ...reply.headers,
  };
  if ('stream' in reply) return { statusCode, headers, body: '', stream: reply.stream };
  return { statusCode, headers, body: JSON.stringify(reply.body) };
}

function requestOf<R extends RouteDefinition>(
  { principal, input, headers, requestId, signal }: Exchange<R>,
  intent?: string,
) {
  // authenticate and parseRequest ran before, or this does not run: what the type asks for is there
  return Object.assign(input ?? {}, principal, {
    headers,
    requestId,
    signal,
    intent,
  }) as unknown as HttpRequest<R>;
}

/** The chain that every request goes through: log, authenticate, parse, run, serialise; any error becomes a problem. */
export function route<R extends RouteDefinition>(
  definition: R,
  edge: HttpEdge,
  run: (request: HttpRequest<R>) => Promise<Reply<NoInfer<R>>>,
): RouteHandler {
  const answer = (exchange: Exchange<R>): Promise<HttpAnswer> =>
    answerOnce({ route: definition, idempotency: edge.idempotency, exchange }, async (intent) =>
      serialise(definition, exchange.requestId, await run(requestOf(exchange, intent))),
    );
  const chain = middy<Exchange<R>, HttpAnswer>(answer, { timeoutEarlyInMillis: 0 })
    .use(logRequest(definition, edge.log))
    .use(answerErrors<R>())
    .use(authenticate(definition))
    .use(parseRequest(definition));
  // middy hands the context on to the handler, which does not read it
  return (event, context) => chain(exchangeOf<R>(event, context?.signal), Object.create(null));
}
