import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { type Scope, scope } from '../../shared/contracts/keys';
import { tenantName } from '../../shared/contracts/names';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { ForbiddenError, UnauthenticatedError } from '../../shared/errors/access-errors';
import { InvalidRequestError, NotFoundError } from '../../shared/errors/request-errors';
import type { Exchange, HttpAnswer, Principal } from './exchange';

/** The id that the administrator's key goes by; the ids of stored keys are `key_…`, so none can take it. */
export const administratorKeyId = 'administrator';

/** The administrator's own tenant, until `x-ingot-tenant` names the one to act for. */
export const administratorTenant = 'admin';

const tenantHeader = 'x-ingot-tenant';

function tenantActedFor(own: string, isAdministrator: boolean, named: string | undefined): string {
  if (named === undefined || named === own) return own;
  if (!isAdministrator) throw new NotFoundError('tenant', named);
  const tenant = tenantName.safeParse(named);
  if (tenant.success) return tenant.data;
  throw new InvalidRequestError(
    `the header ${tenantHeader} names no tenant: ${tenant.error.issues[0]?.message}`,
  );
}

const known: ReadonlySet<string> = new Set(scope.options);
const isScope = (name: string): name is Scope => known.has(name);

/** Reads what the request authorizer found out; nothing that a caller can send gets there. */
function principalOf(event: APIGatewayProxyEvent, named: string | undefined): Principal {
  const context = event.requestContext.authorizer;
  const tenant: unknown = context?.tenant;
  const keyId: unknown = context?.keyId;
  const scopes: unknown = context?.scopes;
  if (typeof tenant !== 'string' || typeof keyId !== 'string' || typeof scopes !== 'string') {
    throw new UnauthenticatedError();
  }
  const isAdministrator = keyId === administratorKeyId;
  return {
    tenant: tenantActedFor(tenant, isAdministrator, named),
    keyId,
    scopes: scopes.split(' ').filter(isScope),
    isAdministrator,
  };
}

/** Lets a request to a route with a scope pass only under a key that has it. */
export const authenticate = <R extends RouteDefinition>(
  route: R,
): MiddlewareObj<Exchange<R>, HttpAnswer> => ({
  before: ({ event: exchange }) => {
    if (route.scope === undefined) return;
    const principal = principalOf(exchange.event, exchange.headers[tenantHeader]);
    if (!principal.scopes.includes(route.scope)) throw new ForbiddenError(route.scope, principal.scopes);
    exchange.principal = principal;
  },
});
