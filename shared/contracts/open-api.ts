import type { z } from 'zod';
import {
  answerReference,
  bodyReference,
  componentSchemas,
  inlineSchema,
  pascalCase,
} from './open-api-schemas';
import type { RouteDefinition } from './route-definition';
import { routes } from './routes';

type Json = Readonly<Record<string, unknown>>;

const operationId = (name: string) => name.charAt(0) + pascalCase(name).slice(1);

const tags: Readonly<Record<string, string>> = { v2: 'inference', api: 'predict' };

/** What a path is about: what follows the version, or the name of the protocol. */
function tagOf(path: string): string {
  const [first = '', second = ''] = path.split('/').slice(1);
  return first === 'v1' ? second : (tags[first] ?? 'service');
}

function parametersIn(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  const { properties = {}, required = [] } = schema === undefined ? {} : inlineSchema(schema);
  return Object.entries(properties).map(([name, parameter]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: parameter,
  }));
}

const idempotencyKey = { $ref: '#/components/parameters/IdempotencyKey' };

const jsonContent = (schema: Json) => ({ 'application/json': { schema } });

function responsesOf(route: RouteDefinition): Json {
  const events = route.stream ? { 'text/event-stream': { schema: { type: 'string' } } } : {};
  return {
    [route.status]: {
      description: route.summary,
      headers: { 'x-request-id': { $ref: '#/components/headers/RequestId' } },
      content: { ...jsonContent(answerReference(route.answer)), ...events },
    },
    '4XX': { $ref: '#/components/responses/Problem' },
    '5XX': { $ref: '#/components/responses/Problem' },
  };
}

function operationOf(route: RouteDefinition): Json {
  const { name, path, summary, scope, params, query, body, idempotent } = route;
  const parameters = [
    ...parametersIn('path', params),
    ...parametersIn('query', query),
    ...(idempotent ? [idempotencyKey] : []),
  ];
  return {
    operationId: operationId(name),
    summary,
    tags: [tagOf(path)],
    ...(scope === undefined ? { security: [] } : { description: `Needs a key with the scope \`${scope}\`.` }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent(bodyReference(body)) } }),
    responses: responsesOf(route),
  };
}

function paths(): Json {
  const byPath: Record<string, Record<string, Json>> = {};
  for (const route of Object.values<RouteDefinition>(routes)) {
    byPath[route.path] = { ...byPath[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return byPath;
}

const components = () => ({
  schemas: componentSchemas(),
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
    apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
  },
  parameters: {
    IdempotencyKey: {
      name: 'Idempotency-Key',
      in: 'header',
      description:
        'Sent again with the same body within 24 hours, the request gets the answer that it got first.',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  },
  headers: { RequestId: { description: 'Names this request.', schema: { type: 'string' } } },
  responses: {
    Problem: {
      description: 'What went wrong (RFC 9457).',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  },
});

/** The API as OpenAPI 3.1, made from the route table. */
export const openApi = (version: string): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'Ingot',
    version,
    description: 'Turn your own data into models that you can sell, explain and defend.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  security: [{ bearer: [] }, { apiKey: [] }],
  paths: paths(),
  components: components(),
});
