import { createHash } from 'node:crypto';
import { objectKeys } from '../../../shared/contracts/job-files';
import { type ModelSignature, modelVersion } from '../../../shared/contracts/model';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { type SmallApi, smallApi } from '../../support/small-api';

let stores: EmbeddedStores;
let api: SmallApi;
beforeAll(async () => {
  stores = await openEmbeddedStores();
  api = smallApi(stores);
});
afterAll(() => stores.close());

const signature: ModelSignature = { task: 'classification', inputs: [], outputs: [], classes: ['a', 'b'] };

async function aCaller() {
  const tenant = aTenant();
  const key = await api.keyFor(tenant);
  return {
    tenant,
    send: (method: string, path: string, body?: unknown) => api.call({ method, path, key, body }),
    /** A version that is ready, as a training job registers it. */
    train: (name: string, alias?: string) =>
      api.models.registerVersion({
        tenant,
        name,
        alias,
        job: api.ids.next('job'),
        artifact: { key: 'artifacts/secret', bytes: 12, sha256: 'a'.repeat(64) },
        signature,
        metrics: { test: { accuracy: 0.97 } },
        lineage: { dataset: 'ds_01J00000000000000000000000' },
      }),
  };
}

describe('importing a model', () => {
  it('goes from an upload to a job that opens it, to a version that serves', async () => {
    const { send, tenant } = await aCaller();
    const imported = await send('POST', '/v1/models', { name: 'resnet', bytes: 4 });
    const key = objectKeys.modelUpload(tenant, 'resnet', 1);
    await stores.objects.put(key, Buffer.from('onnx'), { ifAbsent: true });

    const completed = await send('POST', '/v1/models/resnet/versions/1/complete');
    const again = await send('POST', '/v1/models/resnet/versions/1/complete');

    const [job, ...others] = (await api.jobs.list(tenant, { limit: 10, order: 'asc' })).jobs;
    expect(imported).toMatchObject({
      status: 201,
      headers: { location: '/v1/models/resnet/versions/1' },
      body: { version: 1, state: 'awaiting_upload', upload: { method: 'PUT' } },
    });
    expect(completed).toMatchObject({ status: 202, body: { state: 'validating', bytes: 4 } });
    expect(again).toEqual(completed);
    expect([job?.kind, job?.spec, others]).toEqual(['import', { model: { name: 'resnet', version: 1 } }, []]);

    const sha256 = createHash('sha256').update('onnx').digest('hex');
    await api.models.markVersionReady({ tenant, name: 'resnet', version: 1, job: job?.id ?? '', signature });
    const version = await send('GET', '/v1/models/resnet/versions/1');
    expect(modelVersion.parse(version.body)).toMatchObject({ state: 'ready', bytes: 4, sha256, signature });
    expect(await api.models.resolve({ tenant, name: 'resnet' })).toEqual({ version: 1 });
    expect(await send('POST', '/v1/models/resnet/versions/1/complete')).toMatchObject({ status: 409 });
  });

  it('is refused where the file is not the one that was declared', async () => {
    const { send, tenant } = await aCaller();
    await send('POST', '/v1/models', { name: 'resnet', sha256: 'f'.repeat(64) });
    const key = objectKeys.modelUpload(tenant, 'resnet', 1);
    await stores.objects.put(key, Buffer.from('onnx'));

    const completed = await send('POST', '/v1/models/resnet/versions/1/complete');

    expect(completed).toMatchObject({ status: 422, body: { code: 'digest_mismatch' } });
    expect(await stores.objects.head(key)).toBeUndefined();
    expect(await send('GET', '/v1/models/resnet/versions/1')).toMatchObject({
      body: { state: 'awaiting_upload', upload: { method: 'PUT' } },
    });
  });

  it('shows why a file was rejected', async () => {
    const { send, tenant } = await aCaller();
    await send('POST', '/v1/models', { name: 'resnet' });
    const errors = [{ code: 'not_onnx', detail: 'this is a picture of a cat' }];
    await api.models.markVersionRejected({ tenant, name: 'resnet', version: 1, job: 'job_x', errors });

    const version = await send('GET', '/v1/models/resnet/versions/1');

    expect(version.body).toMatchObject({ state: 'rejected', errors });
    expect(await send('PUT', '/v1/models/resnet/aliases/production', { version: 1 })).toMatchObject({
      status: 409,
    });
  });

  it.each(['../evil', 'a/b', 'Big', '', 'x'.repeat(64), 'a..b', '.hidden'])(
    'is refused under the name %j',
    async (name) => {
      const { send } = await aCaller();

      const answer = await send('POST', '/v1/models', { name });

      expect(answer).toMatchObject({
        status: 400,
        body: { errors: expect.arrayContaining([{ pointer: '/name', detail: expect.any(String) }]) },
      });
    },
  );
});

describe('a model', () => {
  it('shows its versions and where its aliases point, and no key of an object', async () => {
    const { send, train } = await aCaller();
    await train('penguins');
    await train('penguins', 'production');

    const model = await send('GET', '/v1/models/penguins');
    const version = await send('GET', '/v1/models/penguins/versions/2');
    const listed = await send('GET', '/v1/models');

    expect(model.body).toMatchObject({ latest_version: 2, aliases: { production: { version: 2 } } });
    expect(version.body).toMatchObject({ state: 'ready', signature, metrics: { test: { accuracy: 0.97 } } });
    expect(listed.body).toEqual({ object: 'list', data: [model.body], has_more: false });
    expect(JSON.stringify([model, version, listed])).not.toContain('artifacts/');
  });

  it.each(['0', '-1', '1.5', '1e1', 'latest', '0x1', '01'])('has no version %j', async (version) => {
    const { send, train } = await aCaller();
    await train('penguins');

    const answer = await send('GET', `/v1/models/penguins/versions/${version}`);

    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/path/version' }] } });
  });
});

describe('an alias', () => {
  it('moves traffic, with a canary, and back', async () => {
    const { send, train, tenant } = await aCaller();
    await train('penguins', 'production');
    await train('penguins');
    const path = '/v1/models/penguins/aliases/production';
    const serving = () => api.models.resolve({ tenant, name: 'penguins' });

    const canary = await send('PUT', path, { version: 1, canary: { version: 2, fraction: 0.1 } });
    const during = await serving();
    const back = await send('PUT', path, { version: 1 });

    expect(canary).toMatchObject({
      status: 200,
      body: { object: 'alias', model: 'penguins', alias: 'production', version: 1, canary: { version: 2 } },
    });
    expect(during).toEqual({ version: 1, canary: { version: 2, fraction: 0.1 } });
    expect(back.body).not.toHaveProperty('canary');
    expect(await serving()).toEqual({ version: 1 });
  });

  it('goes away, and the latest version serves', async () => {
    const { send, train, tenant } = await aCaller();
    await train('penguins', 'production');
    await train('penguins');

    const deleted = await send('DELETE', '/v1/models/penguins/aliases/production');
    const again = await send('DELETE', '/v1/models/penguins/aliases/production');

    expect([deleted.status, again.status]).toEqual([200, 404]);
    expect(await api.models.resolve({ tenant, name: 'penguins' })).toEqual({ version: 2 });
  });

  it.each<[string, object, number]>([
    ['a version that is not there', { version: 9 }, 404],
    ['a canary that is not there', { version: 1, canary: { version: 9, fraction: 0.5 } }, 404],
    ['a version that awaits its upload', { version: 2 }, 409],
    ['a canary that awaits its upload', { version: 1, canary: { version: 2, fraction: 0.5 } }, 409],
    ['all of the traffic to a canary', { version: 1, canary: { version: 1, fraction: 1 } }, 400],
    ['version 0', { version: 0 }, 400],
    ['no version', {}, 400],
    ['an unknown key', { version: 1, shadow: 1 }, 400],
  ])('is refused for %s, and stays where it was', async (_, target, status) => {
    const { send, train, tenant } = await aCaller();
    await train('penguins', 'production');
    await send('POST', '/v1/models', { name: 'penguins' });

    const answer = await send('PUT', '/v1/models/penguins/aliases/production', target);

    expect(answer.status).toBe(status);
    expect(await api.models.resolve({ tenant, name: 'penguins' })).toEqual({ version: 1 });
  });
});
