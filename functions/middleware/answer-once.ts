import { z } from 'zod';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { InvalidRequestError } from '../../shared/errors/request-errors';
import type { IdempotencyStore } from '../../shared/stores/idempotency-store';
import type { Exchange, HttpAnswer } from './exchange';

const keyForm = /^[\x21-\x7e]{1,255}$/;

const keptAnswer = z.object({
  statusCode: z.number(),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  body: z.string(),
});

function keyIn(headers: Readonly<Record<string, string>>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || keyForm.test(key)) return key;
  throw new InvalidRequestError(
    'the idempotency key must have 1 to 255 printable ASCII characters and no spaces',
  );
}

/** Answers a request that has an `Idempotency-Key` once, where its route honours it; sent again, it gets the same answer. */
export async function answerOnce<R extends RouteDefinition>(
  { route, idempotency, exchange }: { route: R; idempotency: IdempotencyStore; exchange: Exchange<R> },
  answer: (intent?: string) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const { event, principal, headers, requestId } = exchange;
  const key = route.idempotent === undefined ? undefined : keyIn(headers);
  if (key === undefined || principal === undefined) return answer();
  const request = {
    tenant: principal.tenant,
    method: event.httpMethod,
    path: event.path,
    key,
    body: event.body ?? '',
  };
  const once = await idempotency.once(request, async (intent) => JSON.stringify(await answer(intent)));
  const kept = keptAnswer.parse(JSON.parse(once.answer));
  const marks = { 'x-request-id': requestId, ...(once.replayed ? { 'idempotency-replayed': 'true' } : {}) };
  return { ...kept, headers: { ...kept.headers, ...marks } };
}
