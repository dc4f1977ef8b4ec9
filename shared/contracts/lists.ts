import { z } from 'zod';

/** One page of a list, in the order asked for. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ object: z.literal('list'), data: z.array(item), has_more: z.boolean() });

export interface Page<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
}

/** A number, as a query writes it. */
export const writtenNumber = /^\d{1,9}$/;

const digits = z.string().regex(writtenNumber, 'must be a whole number').transform(Number);

/** A query's `limit`, written in digits. */
const limitUpTo = (maximum: number) => digits.pipe(z.number().min(1).max(maximum));

/** `?after=<id>&limit=&order=`: the page begins behind `after`. */
export const listQuery = <T extends z.ZodType>(after: T) =>
  z.strictObject({
    after: after.optional(),
    limit: limitUpTo(100).default(20),
    order: z.enum(['asc', 'desc']).default('desc'),
  });

/** What every list use case takes beside the tenant. */
export interface ListRequest {
  after?: string | undefined;
  limit: number;
  order: 'asc' | 'desc';
}

/** Events are numbered from 1; `after` does for JSON readers what `Last-Event-ID` does for SSE. */
export const eventsQuery = z.strictObject({
  after: digits.optional(),
  limit: limitUpTo(1000).default(100),
});
