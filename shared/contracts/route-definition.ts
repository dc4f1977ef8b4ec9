import type { z } from 'zod';
import type { Scope } from './keys';

/** One operation of the API: what validates it, documents it, routes it, and gives its handler and client their types. */
export interface RouteDefinition {
  /** Verb and noun: also the name of the handler's file and of the use case. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As API Gateway writes it: `/v1/jobs/{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  /** Absent: anybody may call it. */
  readonly scope?: Scope;
  /** Which Lambda function serves it. */
  readonly function: 'control' | 'predict' | 'events';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Of success. */
  readonly status: number;
  /** Honours `Idempotency-Key`. */
  readonly idempotent?: true;
  /** Defaults to `defaultMaximumBodyBytes`. */
  readonly maximumBodyBytes?: number;
  /** May also be answered as server-sent events, by `Accept: text/event-stream`. */
  readonly stream?: true;
}

/** What a record can hold with room to spare; only predictions carry more. */
export const defaultMaximumBodyBytes = 256 * 1024;

/** Lambda's limit on a request. */
export const maximumBodyBytes = 6 * 1024 * 1024;

type Parsed<R, K extends string, None> = R extends { readonly [P in K]: infer S extends z.ZodType }
  ? z.output<S>
  : None;

type Nothing = Readonly<Record<never, never>>;

/** What a handler gets, parsed. */
export interface RouteInput<R extends RouteDefinition> {
  readonly params: Parsed<R, 'params', Nothing>;
  readonly query: Parsed<R, 'query', Nothing>;
  readonly body: Parsed<R, 'body', undefined>;
}

/** What a handler answers with on success. */
export type RouteAnswer<R extends RouteDefinition> = z.input<R['answer']>;
