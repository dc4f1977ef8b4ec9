import type { ApiClient } from '../../infra/local/api-client';
import { dataset as datasetSchema } from '../../shared/contracts/dataset';
import { scope as scopeSchema } from '../../shared/contracts/keys';
import { modelVersion } from '../../shared/contracts/model';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { type RouteName, routes } from '../../shared/contracts/routes';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { labelledRows } from '../support/labelled-rows';
import { type TenantClient, tenantClient } from '../support/tenant-client';
import { predicting, row, specOf } from './bad-requests';

interface Names {
  dataset: string;
  job: string;
  model: string;
  key: string;
  tenant: string;
}

const nobodys: Names = {
  dataset: 'ds_00000000000000000000000000',
  job: 'job_00000000000000000000000000',
  model: 'no-such-model',
  key: 'key_00000000000000000000000000',
  tenant: 'no-such-tenant',
};

let home: string;
let server: IngotServer;
/** Has one of each thing. */
let acme: TenantClient;
let theirs: Names;
/** Has nothing but keys, one of which manages its own tenant. */
let rival: TenantClient;

beforeAll(async () => {
  home = await temporaryHome();
  server = await startServer(home, { INGOT_JOB_SLOTS: '2' });
  const all = scopeSchema.options;
  [acme, rival] = await Promise.all([tenantClient(server, 'acme', all), tenantClient(server, 'rival', all)]);
  const { id: dataset } = await acme.uploadDataset('sides', labelledRows(300), 'csv');
  const job = await acme.runJob(
    'train',
    specOf(dataset, { register: { name: 'sides', alias: 'production' } }),
  );
  if (job.state !== 'succeeded') throw new Error(JSON.stringify(job.error));
  theirs = { dataset, job: job.id, model: 'sides', key: acme.key.id, tenant: 'acme' };
});
afterAll(async () => {
  await server.stop();
  await removeHome(home);
});

const idIn = (path: string, { dataset, job, key }: Names) =>
  Object.entries({ '/datasets/': dataset, '/jobs/': job, '/keys/': key }).find(([part]) =>
    path.includes(part),
  )?.[1] ?? '';

const pathTo = ({ path }: RouteDefinition, names: Names) =>
  path
    .replace('{id}', idIn(path, names))
    .replace('{name}', names.model)
    .replace('{version}', '1')
    .replace('{alias}', 'production');

const tensors = {
  inputs: [
    { name: 'x', shape: [1], datatype: 'FP32', data: [1] },
    { name: 'y', shape: [1], datatype: 'FP32', data: [1] },
  ],
};

const bodies: Partial<Record<RouteName, unknown>> = {
  'set-alias': { version: 1 },
  'predict-model': predicting([row]).body,
  'infer-model': tensors,
  'infer-model-version': tensors,
};

const table: readonly RouteDefinition[] = Object.values(routes);
const naming = table.filter(({ params }) => params !== undefined);
const reading = naming.filter((route) => route.method === 'GET' || route.function === 'predict');
const bodyFor = (name: string): unknown => Reflect.get(bodies, name);

type Send = (client: ApiClient, names: Names) => ReturnType<ApiClient['send']>;

/** An answer without the names that were asked for, which alone may differ. */
const anonymous = async (client: ApiClient, names: Names, send: Send) => {
  const { status, body } = await send(client, names);
  const text = Object.values(names).reduce(
    (rest, name) => rest.replaceAll(`'${name}`, "'*"),
    JSON.stringify(body),
  );
  return { status, body: text.replaceAll(/req_\w+/g, 'req_*') };
};

const everythingOfAcme = async () => {
  const lists = ['/v1/datasets', '/v1/jobs', '/v1/models', '/v1/keys', `/v1/jobs/${theirs.job}/events`];
  const { path, body } = predicting([row]);
  const answers = await Promise.all([
    ...lists.map((list) => acme.send('GET', list)),
    acme.send('POST', path, body),
  ]);
  return answers.map((answer) => ({ status: answer.status, body: answer.body }));
};

describe('another tenant’s things', () => {
  it.each(naming.map((route) => [route.name, route] as const))(
    'are to %s as if they were not there',
    async (name, route) => {
      const before = await everythingOfAcme();
      const send: Send = (client, names) => client.send(route.method, pathTo(route, names), bodyFor(name));

      const [foreign, absent] = [await anonymous(rival, theirs, send), await anonymous(rival, nobodys, send)];

      expect(foreign.status).toBe(404);
      expect(foreign).toEqual(absent);
      expect(await everythingOfAcme()).toEqual(before);
    },
  );

  it.each(reading.map((route) => [route.name, route] as const))(
    'are to %s what they are, where their owner asks',
    async (name, route) => {
      const own = await acme.send(route.method, pathTo(route, theirs), bodyFor(name));

      expect(own.status).toBe(route.status);
    },
  );

  it.each<[string, Send]>([
    [
      'a job that learns from their data set',
      (client, { dataset }) => client.send('POST', '/v1/jobs', { kind: 'train', spec: specOf(dataset) }),
    ],
    [
      'a job that compresses their model',
      (client, { model }) =>
        client.send('POST', '/v1/jobs', { kind: 'compress', spec: { model: { name: model } } }),
    ],
    [
      'the simplest prediction',
      (client, { model }) => client.send('POST', '/api/predict', { model, input: row }),
    ],
    [
      'a prediction by version',
      (client, { model }) =>
        client.send('POST', `/v1/models/${model}/predict?version=1`, predicting([row]).body),
    ],
    [
      'a prediction by alias',
      (client, { model }) =>
        client.send('POST', `/v1/models/${model}/predict?alias=production`, predicting([row]).body),
    ],
    [
      'events as a stream',
      (client, { job }) =>
        client.send('GET', `/v1/jobs/${job}/events`, undefined, { accept: 'text/event-stream' }),
    ],
    ['their keys', (client, { tenant }) => client.send('GET', `/v1/keys?tenant=${tenant}`)],
    [
      'a new key of theirs',
      (client, { tenant }) => client.send('POST', '/v1/keys', { tenant, scopes: ['jobs'] }),
    ],
    [
      'acting for them',
      (client, { tenant }) => client.send('GET', '/v1/jobs', undefined, { 'x-ingot-tenant': tenant }),
    ],
  ])('are as if they were not there to %s', async (_, send) => {
    const before = await everythingOfAcme();

    const [foreign, absent] = [await anonymous(rival, theirs, send), await anonymous(rival, nobodys, send)];

    expect(foreign.status).toBe(404);
    expect(foreign).toEqual(absent);
    expect(await everythingOfAcme()).toEqual(before);
  });

  it.each(['/v1/datasets', '/v1/jobs', '/v1/models'])(
    'are not listed by %s, whatever page is asked for',
    async (path) => {
      const pages = [
        '',
        '?order=asc',
        `?after=${{ '/v1/datasets': theirs.dataset, '/v1/jobs': theirs.job, '/v1/models': 'a' }[path]}`,
      ];

      const answers = await Promise.all(pages.map((page) => rival.send('GET', `${path}${page}`)));
      const own = await acme.send('GET', path);

      const empty = { status: 200, body: { object: 'list', data: [], has_more: false } };
      expect(answers.map(({ status, body }) => ({ status, body }))).toEqual(pages.map(() => empty));
      expect(own.body).toMatchObject({ data: expect.arrayContaining([expect.anything()]) });
    },
  );

  it('do not answer a prediction that names no model', async () => {
    const answer = await rival.send('POST', '/api/predict', { input: row });

    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('there is no model yet') },
    });
  });

  it('stay apart under one name and one idempotency key', async () => {
    const headers = { 'idempotency-key': 'the-same-for-both' };
    const make = async (client: ApiClient) => {
      const announced = await client.send('POST', '/v1/datasets', { name: 'sides' }, headers);
      return {
        dataset: datasetSchema.parse(announced.body).id,
        replayed: announced.headers.get('idempotency-replayed'),
      };
    };

    const [first, second] = [await make(acme), await make(rival)];
    const model = await rival.call(modelVersion, 'POST', '/v1/models', { name: 'sides' });

    expect(second.dataset).not.toBe(first.dataset);
    expect([first.replayed, second.replayed]).toEqual([null, null]);
    expect(model.version).toBe(1);
    expect((await acme.send('GET', '/v1/models/sides')).body).toMatchObject({ latest_version: 1 });
    expect((await acme.send('GET', '/v1/models/sides/versions/1')).body).toMatchObject({ state: 'ready' });
  });
});

describe('a key', () => {
  const guarded = table.flatMap((route) =>
    route.scope === undefined ? [] : [{ ...route, scope: route.scope }],
  );
  const open = table.filter(({ scope }) => scope === undefined);
  const ask = (client: ApiClient, route: RouteDefinition) =>
    client.send(
      route.method,
      pathTo(route, nobodys),
      bodyFor(route.name) ?? (route.body === undefined ? undefined : {}),
    );

  it.each(scopeSchema.options)(
    'without the scope %s is refused by its routes, which name it, and with it alone is let in',
    async (scope) => {
      const others = scopeSchema.options.filter((name) => name !== scope);
      const [without, alone] = await Promise.all([
        tenantClient(server, 'scoped', others),
        tenantClient(server, 'scoped', [scope]),
      ]);
      const of = guarded.filter((route) => route.scope === scope);

      const refused = await Promise.all(of.map((route) => ask(without, route)));
      const admitted = await Promise.all(of.map((route) => ask(alone, route)));

      expect(of.length).toBeGreaterThan(0);
      const detail = `this key lacks the scope '${scope}'; it has: ${others.join(', ')}`;
      for (const answer of refused)
        expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden', detail } });
      expect(
        admitted.map(({ status }) => status).filter((status) => status === 401 || status === 403),
      ).toEqual([]);
    },
  );

  it('is asked for by every route but those that are open to all', async () => {
    const send = (route: RouteDefinition) =>
      fetch(`${server.url}${pathTo(route, nobodys)}`, { method: route.method });

    const closed = await Promise.all(guarded.map(send));
    const free = await Promise.all(open.map(send));

    expect(new Set(closed.map(({ status }) => status))).toEqual(new Set([401]));
    expect(new Set(free.map(({ status }) => status))).toEqual(new Set([200]));
    expect(open.map(({ name }) => name).sort()).toEqual([
      'get-health',
      'get-liveness',
      'get-open-api',
      'get-readiness',
      'get-server-metadata',
    ]);
  });

  it.each<[string, (secret: string) => Record<string, string>]>([
    ['Authorization: Bearer', (secret) => ({ authorization: `Bearer ${secret}` })],
    ['x-api-key', (secret) => ({ 'x-api-key': secret })],
    ['X-API-KEY', (secret) => ({ 'X-API-KEY': secret })],
  ])('works as %s, and a wrong one does not', async (_, headersFor) => {
    const send = (secret: string) => fetch(`${server.url}/v1/datasets`, { headers: headersFor(secret) });

    const [right, wrong] = [await send(acme.key.secret), await send(`${acme.key.secret}x`)];

    expect([right.status, wrong.status]).toEqual([200, 401]);
    expect(await right.json()).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ id: theirs.dataset })]),
    });
  });
});
