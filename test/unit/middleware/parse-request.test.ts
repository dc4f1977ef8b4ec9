import fc from 'fast-check';
import { type HttpEdge, route } from '../../../functions/http/route';
import { problem } from '../../../shared/contracts/problem';
import type { RouteDefinition } from '../../../shared/contracts/route-definition';
import { routes } from '../../../shared/contracts/routes';
import { anApiEvent } from '../../support/api-event';

const edge: HttpEdge = {
  log: { info() {}, error() {} },
  idempotency: { once: async (_, run) => ({ answer: await run('an intent'), replayed: false }) },
};

const authorizer = { tenant: 'acme', keyId: 'key_1', scopes: 'predict jobs datasets models admin' };

const awkward = fc.constantFrom('__proto__', 'constructor', 'name', 'spec', 'kind', 'instances', 'toString');
const anyJson = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.jsonValue(),
    fc.dictionary(fc.oneof(awkward, fc.string()), tie('value')),
  ),
})).value;
const anyBody = fc.oneof(
  fc.string(),
  anyJson.map((value) => JSON.stringify(value)),
  fc.constant(undefined),
);
const anyText = fc.oneof(awkward, fc.string());
const anyRequest = fc.record({
  body: anyBody,
  isBase64Encoded: fc.boolean(),
  pathParameters: fc.dictionary(
    fc.oneof(fc.constantFrom('id', 'name', 'version', 'alias'), anyText),
    anyText,
  ),
  query: fc.array(fc.tuple(fc.oneof(fc.constantFrom('after', 'limit', 'order', 'alias'), anyText), anyText), {
    maxLength: 3,
  }),
  headers: fc.dictionary(
    fc.oneof(fc.constantFrom('content-type', 'idempotency-key', 'accept'), anyText),
    anyText,
  ),
});

describe('parseRequest', () => {
  it.each(Object.values<RouteDefinition>(routes).map((definition) => [definition.name, definition] as const))(
    'never fails on what is sent to %s',
    async (_, definition) => {
      const handler = route(definition, edge, async () => ({ body: {} }));

      await fc.assert(
        fc.asyncProperty(anyRequest, async ({ query, body, ...request }) => {
          const path = `${definition.path}?${new URLSearchParams(query)}`;
          const event = anApiEvent({ ...request, body, path, method: definition.method, authorizer });
          const answer = await handler(event);
          const accepted = answer.statusCode === definition.status;
          expect(accepted || problem.parse(JSON.parse(answer.body)).status < 500).toBe(true);
        }),
        { numRuns: 60 },
      );
    },
  );

  it('refuses a body that a route does not take, and takes an empty object for none', async () => {
    const handler = route(routes['cancel-job'], edge, async () => {
      throw new Error('it came through');
    });
    const pathParameters = { id: 'job_01J00000000000000000000000' };
    const send = (body?: string) =>
      handler(anApiEvent({ method: 'POST', path: '/v1/jobs/x/cancel', pathParameters, authorizer, body }));

    const statuses = [await send('{"reason":"x"}'), await send('{}'), await send()].map(
      ({ statusCode }) => statusCode,
    );

    expect(statuses).toEqual([400, 500, 500]);
  });
});
