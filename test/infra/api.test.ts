import { problem } from '../../shared/contracts/problem';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { routes } from '../../shared/contracts/routes';
import { type Resource, refersTo, synthesize } from './synthesize';

const { ofType, functions } = synthesize();
const table: readonly RouteDefinition[] = Object.values(routes);
const entryOf = { control: 'control', predict: 'predict', events: 'stream-job-events' } as const;

const resources = new Map(ofType('ApiGateway::Resource').map((resource) => [resource.id, resource]));

function pathOf(resourceId: { Ref?: string }): string {
  const resource = resources.get(resourceId.Ref ?? '');
  if (resource === undefined) return '';
  const { ParentId, PathPart } = resource.properties;
  return `${pathOf(ParentId)}/${PathPart}`;
}

const methods = new Map<string, Resource>(
  ofType('ApiGateway::Method').map((method) => [
    `${method.properties.HttpMethod} ${pathOf(method.properties.ResourceId)}`,
    method,
  ]),
);

describe('the REST API', () => {
  it('has the operations of the route table and no other', () => {
    const expected = table.map(({ method, path }) => `${method} ${path}`);

    expect([...methods.keys()].sort()).toEqual(expected.sort());
  });

  it.each(table.map((route) => [route.name, route] as const))('sends %s to its function', (_name, route) => {
    const method = methods.get(`${route.method} ${route.path}`)?.properties;
    const target = functions.get(entryOf[route.function]);

    expect(method?.Integration.Type).toBe('AWS_PROXY');
    expect(refersTo(method?.Integration.Uri, target?.id ?? 'no function')).toBe(true);
    expect(method?.OperationName).toBe(route.name);
  });

  it.each(table.map((route) => [route.name, route] as const))(
    'asks for a key where %s has a scope',
    (_name, route) => {
      const method = methods.get(`${route.method} ${route.path}`)?.properties;
      const [authorizer] = ofType('ApiGateway::Authorizer');

      const expected =
        route.scope === undefined ? { AuthorizationType: 'NONE' } : { AuthorizationType: 'CUSTOM' };
      expect(method).toMatchObject(expected);
      expect(refersTo(method?.AuthorizerId, authorizer?.id ?? 'no authorizer')).toBe(
        route.scope !== undefined,
      );
    },
  );

  it('names the variable part of a path the same in every route, as API Gateway demands', () => {
    const names = new Map<string, Set<string>>();
    for (const { path } of table) {
      const parts = path.split('/');
      parts.forEach((part, index) => {
        const place = parts.slice(0, index).join('/');
        if (part.startsWith('{')) names.set(place, (names.get(place) ?? new Set()).add(part));
      });
    }

    expect([...names].filter(([, found]) => found.size > 1)).toEqual([]);
  });

  it('asks the authorizer each time, whichever of the two headers carries the key', () => {
    const [authorizer] = ofType('ApiGateway::Authorizer');

    expect(authorizer?.properties).toMatchObject({ Type: 'REQUEST', AuthorizerResultTtlInSeconds: 0 });
    expect(authorizer?.properties).not.toHaveProperty('IdentitySource');
  });

  it('streams the events of a job for as long as API Gateway can, and the function lives as long', () => {
    const streaming = ofType('ApiGateway::Method').filter(
      ({ properties }) => properties.Integration.ResponseTransferMode === 'STREAM',
    );

    expect(streaming.map(({ properties }) => properties.OperationName)).toEqual(['read-job-events']);
    expect(streaming[0]?.properties.Integration.TimeoutInMillis).toBe(900_000);
    expect(JSON.stringify(streaming[0]?.properties.Integration.Uri)).toContain(
      '/response-streaming-invocations',
    );
    expect(functions.get('stream-job-events')?.properties.Timeout).toBe(900);
  });

  it('lets the functions be called by this API with few statements: their policies have room for 20 KB', () => {
    const permissions = ofType('Lambda::Permission').filter(
      ({ stack, properties }) => stack === 'api' && properties.Principal === 'apigateway.amazonaws.com',
    );

    expect(permissions).toHaveLength(4);
  });

  it('takes tensors as bytes', () => {
    expect(ofType('ApiGateway::RestApi')[0]?.properties.BinaryMediaTypes).toEqual([
      'application/octet-stream',
    ]);
  });
});

describe('the stage of the API', () => {
  const stage = ofType('ApiGateway::Stage')[0]?.properties;

  it('throttles, traces and logs each access as JSON, without what a caller sent', () => {
    const format = JSON.parse(stage?.AccessLogSetting.Format);

    expect(stage).toMatchObject({
      TracingEnabled: true,
      MethodSettings: [
        expect.objectContaining({
          ThrottlingRateLimit: 50,
          ThrottlingBurstLimit: 100,
          DataTraceEnabled: false,
        }),
      ],
    });
    expect(format).toMatchObject({ request_id: '$context.requestId', tenant: '$context.authorizer.tenant' });
    expect(JSON.stringify(format)).not.toMatch(/header|querystring|body/i);
  });

  it.each([
    ['dev', { firewall: 'true' }, 1],
    ['prod', {}, 1],
  ])('of %s with %j has %i firewalls before it', (name, context, count) => {
    const { ofType: of } = synthesize({ stage: name, ...context });

    expect(of('WAFv2::WebACLAssociation')).toHaveLength(count);
  });
});

it('has no firewall in dev', () => {
  expect(ofType('WAFv2::WebACL')).toEqual([]);
});

describe('what API Gateway answers by itself', () => {
  const responses = ofType('ApiGateway::GatewayResponse').map(({ properties }) => properties);

  it.each(responses.map((response) => [response.ResponseType, response] as const))(
    'is a problem: %s',
    (type, response) => {
      const [contentType, template] = Object.entries<string>(response.ResponseTemplates)[0] ?? [];

      const body = problem.parse(JSON.parse(template ?? ''));

      expect(contentType).toBe('application/problem+json');
      expect(response.ResponseParameters['gatewayresponse.header.x-request-id']).toBe('context.requestId');
      // a default keeps the status of what happened
      expect(response.StatusCode).toBe(type.startsWith('DEFAULT') ? undefined : String(body.status));
    },
  );

  it.each([
    ['UNAUTHORIZED', '401'],
    ['ACCESS_DENIED', '403'],
    ['MISSING_AUTHENTICATION_TOKEN', '404'],
    ['REQUEST_TOO_LARGE', '413'],
    ['THROTTLED', '429'],
    ['INTEGRATION_TIMEOUT', '504'],
  ])('has a row of its own for %s: %s', (type, status) => {
    expect(responses.find(({ ResponseType }) => ResponseType === type)?.StatusCode).toBe(status);
  });
});
