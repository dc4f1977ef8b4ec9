import { hash } from 'node:crypto';
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { LRUCache } from 'lru-cache';
import { scope } from '../../shared/contracts/keys';
import { UnauthenticatedError } from '../../shared/errors/access-errors';
import type { Clock } from '../../shared/ports/clock';
import { isSameText } from '../../shared/stores/key-secret';
import type { KeyStore } from '../../shared/stores/key-store';
import { administratorKeyId, administratorTenant } from '../middleware/authenticate';

/** What the handlers find as `requestContext.authorizer`; API Gateway lets only plain values through. */
export type AuthorizerContext = {
  tenant: string;
  keyId: string;
  /** Separated by spaces. */
  scopes: string;
};

type Headers = Readonly<Record<string, string | readonly string[] | undefined>> | null;

export type Authorize = (headers: Headers) => Promise<AuthorizerContext>;

export interface AuthorizeDependencies {
  keys: Pick<KeyStore, 'verify'>;
  /** The key that may do everything for every tenant. */
  administratorKey: string;
  clock: Clock;
}

/**
 * How long a key that was good is taken for good. A revoked key must be refused within 60 s, so API Gateway itself may
 * cache an answer of the authorizer for less than the rest; Ingot's stacks let it cache none.
 */
export const authorizedForSeconds = 30;
const keysRemembered = 10_000;

const administrator: AuthorizerContext = {
  tenant: administratorTenant,
  keyId: administratorKeyId,
  scopes: scope.options.join(' '),
};

function headerOf(headers: Headers, wanted: string): string | undefined {
  for (const name in headers) {
    const value = name.toLowerCase() === wanted ? headers[name] : undefined;
    if (value !== undefined) return typeof value === 'string' ? value : value.at(-1);
  }
  return undefined;
}

function tokenIn(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headerOf(headers, 'authorization') ?? '') ?? [];
  return bearer ?? headerOf(headers, 'x-api-key');
}

/** Finds who calls by `Authorization: Bearer` or `x-api-key`; `UnauthenticatedError` where the key is none of ours. */
export function authorize({ keys, administratorKey, clock }: AuthorizeDependencies): Authorize {
  // by digest, so that no secret stays in memory longer than its request
  const good = new LRUCache<string, AuthorizerContext>({
    max: keysRemembered,
    ttl: authorizedForSeconds * 1000,
    ttlResolution: 0,
    perf: { now: () => clock.now().getTime() },
  });

  async function lookUp(token: string): Promise<AuthorizerContext> {
    const key = await keys.verify(token);
    if (key === undefined) throw new UnauthenticatedError();
    return { tenant: key.tenant, keyId: key.id, scopes: key.scopes.join(' ') };
  }

  return async (headers) => {
    const token = tokenIn(headers);
    if (token === undefined) throw new UnauthenticatedError();
    const digest = hash('sha256', token, 'base64');
    const known = good.get(digest);
    if (known !== undefined) return known;
    const found = isSameText(token, administratorKey) ? administrator : await lookUp(token);
    good.set(digest, found);
    return found;
  };
}

/** API Gateway's answer for 401; any other error is a 500 there. */
const unauthorized = 'Unauthorized';

/** The policy allows the whole API: which scope a route needs, its handler knows, and API Gateway may cache the policy. */
const policyFor = (methodArn: string, context: AuthorizerContext): APIGatewayAuthorizerResult => ({
  principalId: context.keyId,
  policyDocument: {
    Version: '2012-10-17',
    Statement: [
      {
        Action: 'execute-api:Invoke',
        Effect: 'Allow',
        Resource: `${methodArn.split('/', 2).join('/')}/*`,
      },
    ],
  },
  context,
});

type AuthorizerEvent = Pick<APIGatewayRequestAuthorizerEvent, 'headers' | 'methodArn'>;

/** The request authorizer of the REST API. */
export const authorizeHandler =
  ({ authorize: find }: { authorize: Authorize }) =>
  async ({ headers, methodArn }: AuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    try {
      return policyFor(methodArn, await find(headers));
    } catch (error) {
      if (error instanceof UnauthenticatedError) throw new Error(unauthorized, { cause: error });
      throw error;
    }
  };
