import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Scope } from '../../shared/contracts/keys';
import type { RouteDefinition, RouteInput } from '../../shared/contracts/route-definition';

/** Who calls: a key, and the tenant that it acts for. */
export interface Principal {
  readonly tenant: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** Came with the administrator's key: may make and revoke keys of every tenant. */
  readonly isAdministrator: boolean;
}

/** An answer as API Gateway takes it; a stream of text where the function streams. */
export type HttpAnswer = APIGatewayProxyResult & { stream?: AsyncIterable<string> };

/** One request on its way through the chain; each step adds what the next ones need. */
export interface Exchange<R extends RouteDefinition> {
  readonly event: APIGatewayProxyEvent;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly startedAt: number;
  readonly signal: AbortSignal | undefined;
  principal?: Principal;
  input?: RouteInput<R>;
}
