import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteDefinition, RouteInput } from '../../../shared/contracts/route-definition';
import { type RouteNamed, routes } from '../../../shared/contracts/routes';

const all = Object.entries<RouteDefinition>(routes);

describe('the route table', () => {
  it.each(all)('%s goes by its key, and has its handler in a file of that name', (key, route) => {
    const file = join(__dirname, '../../../functions/http', `${key}.ts`);

    const isThere = existsSync(file);

    expect(route.name).toBe(key);
    expect(isThere).toBe(true);
  });

  it('gives a handler the types of what it parses', () => {
    const params = { name: 'penguins', version: '3' };

    const parsed: RouteInput<RouteNamed<'get-model-version'>>['params'] =
      routes['get-model-version'].params.parse(params);

    expect(parsed).toEqual({ name: 'penguins', version: 3 });
  });

  it('has every verb and path once', () => {
    const addresses = all.map(([, { method, path }]) => `${method} ${path}`);

    const distinct = new Set(addresses);

    expect(distinct.size).toBe(addresses.length);
  });

  it.each(all)('%s parses exactly the parameters that its path has', (_, { path, params }) => {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);

    const parsed = Object.keys(params?.shape ?? {});

    expect(parsed.sort()).toEqual(inPath.sort());
  });

  it('lets nobody without a key do more than look whether Ingot is there', () => {
    const open = all.filter(([, { scope }]) => scope === undefined).map(([, { path }]) => path);

    expect(open.sort()).toEqual(['/healthz', '/openapi.json', '/v2', '/v2/health/live', '/v2/health/ready']);
  });

  it.each(all.filter(([, { method, status }]) => method === 'POST' && status === 201))(
    '%s, which creates, honours Idempotency-Key',
    (_, { idempotent }) => {
      expect(idempotent).toBe(true);
    },
  );
});
