import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { z } from 'zod';
import {
  defaultMaximumBodyBytes,
  type RouteDefinition,
  type RouteInput,
} from '../../shared/contracts/route-definition';
import { checked, summarised } from '../../shared/contracts/violations';
import {
  InvalidRequestError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
} from '../../shared/errors/request-errors';
import type { Exchange, HttpAnswer } from './exchange';
import { parseJson } from './parse-json';

const nothing = z.strictObject({});

function parsePart<S extends z.ZodType>(part: {
  schema: S;
  value: unknown;
  what: string;
  from: string;
}): z.output<S> {
  const result = checked(part.schema, part.value, part.from);
  if (result.ok) return result.value;
  throw new InvalidRequestError(summarised(part.what, result.errors), result.errors);
}

const parseParams = (schema: z.ZodType, event: APIGatewayProxyEvent) =>
  parsePart({ schema, value: event.pathParameters ?? {}, what: 'the path', from: '/path' });

function parseQuery(schema: z.ZodType, event: APIGatewayProxyEvent): unknown {
  const given = Object.entries(event.multiValueQueryStringParameters ?? {});
  const twice = given.filter(([, values]) => (values?.length ?? 0) > 1).map(([name]) => name);
  if (twice.length > 0) {
    const errors = twice.map((name) => ({ pointer: `/query/${name}`, detail: 'is given more than once' }));
    throw new InvalidRequestError(summarised('the query', errors), errors);
  }
  const value = Object.fromEntries(given.map(([name, values]) => [name, values?.[0]]));
  return parsePart({ schema, value, what: 'the query', from: '/query' });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(base64: string): string {
  try {
    return utf8.decode(Buffer.from(base64, 'base64'));
  } catch (error) {
    throw new InvalidRequestError('the body is not UTF-8', [], error);
  }
}

/** Bytes of a body without decoding it; those that UTF-8 needs are counted only where the answer may depend on them. */
function isLongerThan(limit: number, { body, isBase64Encoded }: APIGatewayProxyEvent): boolean {
  if (body === null) return false;
  if (isBase64Encoded) return Math.floor((body.length * 3) / 4) - 2 > limit;
  return body.length > limit || (body.length * 3 > limit && Buffer.byteLength(body) > limit);
}

function tooLarge(limit: number, { body, isBase64Encoded }: APIGatewayProxyEvent): PayloadTooLargeError {
  const bytes = Buffer.byteLength(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
  return new PayloadTooLargeError(
    `the body has ${bytes} bytes, and at most ${limit} are taken here: send less at a time`,
  );
}

const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

function parseBody<R extends RouteDefinition>(route: R, { event, headers }: Exchange<R>): unknown {
  const limit = route.maximumBodyBytes ?? defaultMaximumBodyBytes;
  if (isLongerThan(limit, event)) throw tooLarge(limit, event);
  const isEmpty = event.body === null || event.body === '';
  if (isEmpty && route.body === undefined) return undefined;
  if (isEmpty) throw new InvalidRequestError('the request has no body: send one as JSON');
  const type = headers['content-type'];
  if (type !== undefined && !jsonType.test(type)) throw new UnsupportedMediaTypeError(type);
  const text = event.isBase64Encoded ? decode(event.body ?? '') : (event.body ?? '');
  const value = parsePart({
    schema: route.body ?? nothing,
    value: parseJson(text),
    what: 'the body',
    from: '',
  });
  return route.body === undefined ? undefined : value;
}

/** Turns path, query and body into what the route's schemas say, or into a caller's error that tells all that is wrong. */
export function parseRequest<R extends RouteDefinition>(route: R): MiddlewareObj<Exchange<R>, HttpAnswer> {
  // most requests have no query: what none of it parses to is found out once
  const queryless = (route.query ?? nothing).safeParse({});
  return {
    before: ({ event: exchange }) => {
      const hasQuery = exchange.event.multiValueQueryStringParameters !== null || !queryless.success;
      const input = {
        params: parseParams(route.params ?? nothing, exchange.event),
        query: hasQuery ? parseQuery(route.query ?? nothing, exchange.event) : queryless.data,
        body: route.method === 'GET' ? undefined : parseBody(route, exchange),
      };
      // the schemas that parsed it are the ones that the type is made from
      exchange.input = input as RouteInput<R>;
    },
  };
}
