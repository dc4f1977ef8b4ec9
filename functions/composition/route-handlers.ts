import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { routes } from '../../shared/contracts/routes';
import { NotFoundError } from '../../shared/errors/request-errors';
import type { RouteHandler } from '../http/route';
import { errorResponse } from '../middleware/error-response';

type FunctionOf = RouteDefinition['function'];
type RouteNames<F extends FunctionOf> = {
  [N in keyof typeof routes]: (typeof routes)[N]['function'] extends F ? N : never;
}[keyof typeof routes];

/** One handler for each route of a function: a route without one does not compile. */
export type HandlersOf<F extends FunctionOf> = { readonly [N in RouteNames<F>]: RouteHandler };

const placeOf = (method: string, resource: string) => `${method} ${resource}`;

/** One Lambda handler over several routes: API Gateway has matched the request to its route's template already. */
export function dispatchRoutes(handlers: Readonly<Record<string, RouteHandler>>): RouteHandler {
  const byPlace = new Map<string, RouteHandler>();
  for (const { name, method, path } of Object.values<RouteDefinition>(routes)) {
    const handler = handlers[name];
    if (handler !== undefined) byPlace.set(placeOf(method, path), handler);
  }
  return async (event: APIGatewayProxyEvent, context) => {
    const place = placeOf(event.httpMethod, event.resource);
    const handler = byPlace.get(place);
    if (handler !== undefined) return handler(event, context);
    return errorResponse(new NotFoundError('route', place), {
      path: event.path,
      requestId: event.requestContext.requestId,
    });
  };
}
