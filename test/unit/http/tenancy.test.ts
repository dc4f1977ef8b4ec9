import type { RouteDefinition } from '../../../shared/contracts/route-definition';
import { type RouteName, routes } from '../../../shared/contracts/routes';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { administratorKey, type SmallApi, smallApi } from '../../support/small-api';

let stores: EmbeddedStores;
let api: SmallApi;
beforeAll(async () => {
  stores = await openEmbeddedStores();
  api = smallApi(stores);
});
afterAll(() => stores.close());

/** Every route that names a thing, with the body it needs; those of the predict and events functions have their own tests. */
const named: Partial<Record<RouteName, object>> = {
  'revoke-key': {},
  'complete-dataset': {},
  'get-dataset': {},
  'delete-dataset': {},
  'get-job': {},
  'list-job-outputs': {},
  'cancel-job': {},
  'complete-model-version': {},
  'get-model': {},
  'get-model-version': {},
  'set-alias': { version: 1 },
  'delete-alias': {},
};

const lists: RouteName[] = ['list-datasets', 'list-models'];

/** One of each thing, of a tenant of its own. */
async function aTenantWithThings() {
  const tenant = aTenant();
  const key = await api.keyFor(tenant, 'datasets', 'jobs', 'models', 'admin');
  const dataset = await api.datasets.create({ id: api.ids.next('ds'), tenant, name: 'penguins' });
  const job = await api.submitInternalJob({ tenant, kind: 'ingest', spec: { dataset: dataset.id } });
  const name = `m-${tenant}`;
  await api.models.registerVersion({
    tenant,
    name,
    alias: 'production',
    job: job.id,
    artifact: { key: 'artifacts/x', bytes: 1, sha256: 'a'.repeat(64) },
    signature: { task: 'other', inputs: [], outputs: [] },
    metrics: {},
    lineage: {},
  });
  const apiKey = await api.keys.create({ tenant, scopes: ['jobs'] });
  return { tenant, key, dataset: dataset.id, job: job.id, name, apiKey: apiKey.id };
}
type Things = Awaited<ReturnType<typeof aTenantWithThings>>;

const nothing: Pick<Things, 'dataset' | 'job' | 'name' | 'apiKey'> = {
  dataset: 'ds_00000000000000000000000000',
  job: 'job_00000000000000000000000000',
  name: 'no-such-model',
  apiKey: 'key_00000000000000000000000000',
};

function pathTo(route: RouteDefinition, things: typeof nothing): string {
  const id = route.path.includes('/keys/')
    ? things.apiKey
    : route.path.includes('/jobs/')
      ? things.job
      : things.dataset;
  return route.path
    .replace('{id}', id)
    .replace('{name}', things.name)
    .replace('{version}', '1')
    .replace('{alias}', 'production');
}

const withParameters = Object.values<RouteDefinition>(routes).filter(({ params }) => params !== undefined);

describe('another tenant’s things', () => {
  it('are in the table below for every route that names one', () => {
    const control = withParameters.filter((route) => route.function === 'control').map(({ name }) => name);

    const missing = control.filter((name) => !Object.hasOwn(named, name));

    expect(missing).toEqual([]);
  });

  it.each(
    withParameters
      .filter(({ name }) => Object.hasOwn(named, name))
      .map((route) => [route.name, route] as const),
  )('are to %s as if they were not there', async (name, route) => {
    const [mine, theirs] = [await aTenantWithThings(), await aTenantWithThings()];
    const bodies: Readonly<Record<string, object | undefined>> = named;
    const send = (things: typeof nothing) => {
      const body = route.body === undefined ? undefined : bodies[name];
      return api.call({ method: route.method, path: pathTo(route, things), key: mine.key, body });
    };

    const answers = { theirs: await send(theirs), nobodys: await send(nothing), mine: await send(mine) };

    const anonymous = (answer: unknown, things: typeof nothing) =>
      [things.dataset, things.job, things.apiKey, things.name].reduce(
        (text, id) => text.replaceAll(id, '*'),
        JSON.stringify(answer),
      );
    expect(answers.theirs.status).toBe(404);
    expect(anonymous(answers.theirs, theirs)).toBe(anonymous(answers.nobodys, nothing));
    expect(answers.mine.status).not.toBe(404);
  });

  it.each(lists)('are not in the answer of %s', async (name) => {
    const [mine, theirs] = [await aTenantWithThings(), await aTenantWithThings()];

    const answer = await api.call({ path: routes[name].path, key: mine.key });

    const text = JSON.stringify(answer.body);
    expect(text).toContain(name === 'list-datasets' ? mine.dataset : mine.name);
    expect(text).not.toContain(name === 'list-datasets' ? theirs.dataset : theirs.name);
  });

  it('are there for the administrator who acts for that tenant', async () => {
    const theirs = await aTenantWithThings();
    const read = (headers: Record<string, string>) =>
      api.call({ path: `/v1/datasets/${theirs.dataset}`, key: administratorKey, headers });

    const answers = [await read({}), await read({ 'x-ingot-tenant': theirs.tenant })];

    expect(answers.map(({ status }) => status)).toEqual([404, 200]);
  });
});
