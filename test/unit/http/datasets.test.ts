import { createHash } from 'node:crypto';
import { type DatasetProfile, dataset } from '../../../shared/contracts/dataset';
import { objectKeys } from '../../../shared/contracts/job-files';
import { listOf } from '../../../shared/contracts/lists';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { type SmallApi, smallApi } from '../../support/small-api';

let stores: EmbeddedStores;
let api: SmallApi;
beforeAll(async () => {
  stores = await openEmbeddedStores();
  api = smallApi(stores);
});
afterAll(() => stores.close());

const csv = 'species,mass\nAdelie,3750\n';
const sha256 = createHash('sha256').update(csv).digest('hex');
const declared = { bytes: csv.length, sha256 };

/** A data set of a new tenant, and what can be done with it. */
async function aDataset(facts: object = {}) {
  const tenant = aTenant();
  const key = await api.keyFor(tenant);
  const send = (method: string, path: string, body?: unknown) => api.call({ method, path, key, body });
  const created = await send('POST', '/v1/datasets', { name: 'penguins', ...facts });
  const { id } = dataset.parse(created.body);
  const sourceKey = objectKeys.datasetSource(tenant, id);
  return {
    tenant,
    id,
    created,
    sourceKey,
    upload: (text = csv) => stores.objects.put(sourceKey, Buffer.from(text), { ifAbsent: true }),
    complete: () => send('POST', `/v1/datasets/${id}/complete`),
    read: () => send('GET', `/v1/datasets/${id}`),
    remove: () => send('DELETE', `/v1/datasets/${id}`),
    list: (query = '') => send('GET', `/v1/datasets${query}`),
    jobs: async () => (await api.jobs.list(tenant, { limit: 100, order: 'asc' })).jobs,
    another: async (name: string) => dataset.parse((await send('POST', '/v1/datasets', { name })).body).id,
  };
}

const profile: DatasetProfile = {
  rows: 1,
  bytes: csv.length,
  format: 'csv',
  columns: [
    { name: 'species', type: 'text', missing: 0, distinct: 1, top_values: [{ value: 'Adelie', count: 1 }] },
    { name: 'mass', type: 'integer', missing: 0, distinct: 1, min: 3750, max: 3750 },
  ],
};

/** What the ingest job leaves when it ends well. */
async function ingested(tenant: string, id: string) {
  const file = async (name: string, text: string) => {
    const key = `${objectKeys.attemptPrefix(tenant, 'job_x', 1)}${name}`;
    const { bytes, sha256: digest } = await stores.objects.put(key, Buffer.from(text));
    return { key, bytes, sha256: digest };
  };
  const files = {
    data: await file('data.parquet', 'rows'),
    profile: await file('profile.json', JSON.stringify(profile)),
  };
  await api.datasets.markReady({ tenant, id, job: 'job_01J00000000000000000000000', rows: 1, ...files });
  return files;
}

describe('creating a data set', () => {
  it('offers an upload of what was declared, for an hour', async () => {
    const { created, id, tenant } = await aDataset({ format: 'csv', ...declared });

    const made = dataset.parse(created.body);
    expect(created).toMatchObject({ status: 201, headers: { location: `/v1/datasets/${id}` } });
    expect(made).toMatchObject({ state: 'awaiting_upload', name: 'penguins', format: 'csv', ...declared });
    expect(made.upload).toMatchObject({ method: 'PUT', expires_at: '2026-01-01T01:00:00.000Z' });
    const { url = '', headers = {} } = made.upload ?? {};
    const allowed = stores.uploads.verifyUpload({ method: 'PUT', url, headers });
    expect(allowed).toEqual({ key: objectKeys.datasetSource(tenant, id), ...declared });
  });

  it.each<[string, object, RegExp]>([
    ['no name', { name: undefined }, /\/name must be a text, and is missing/],
    ['a blank name', { name: '   ' }, /at least 1 character/],
    [
      'an unknown format',
      { format: 'xls' },
      /must be one of 'csv', 'jsonl', 'parquet', 'images', 'text', not 'xls'/,
    ],
    ['negative bytes', { bytes: -1 }, /at least 0, not -1/],
    ['a digest in capitals', { sha256: sha256.toUpperCase() }, /lower-case hex/],
    ['an unknown key', { sha: sha256 }, /unknown key 'sha'/],
  ])('is refused with %s', async (_, facts, detail) => {
    const key = await api.keyFor(aTenant());

    const answer = await api.call({
      method: 'POST',
      path: '/v1/datasets',
      key,
      body: { name: 'x', ...facts },
    });

    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringMatching(detail) } });
  });
});

describe('completing a data set', () => {
  it('submits the job that reads it, and says so', async () => {
    const { upload, complete, jobs, id } = await aDataset(declared);
    await upload();

    const completed = await complete();

    const [job, ...others] = await jobs();
    expect(completed).toMatchObject({
      status: 202,
      body: { id, state: 'validating', job: job?.id, ...declared },
    });
    expect(job).toMatchObject({ kind: 'ingest', spec: { dataset: id }, state: 'queued' });
    expect(others).toEqual([]);
  });

  it('twice is the same answer, and one job', async () => {
    const { upload, complete, jobs } = await aDataset();
    await upload();
    const first = await complete();

    const again = await complete();

    expect(again).toEqual(first);
    expect(await jobs()).toHaveLength(1);
  });

  it('twice at the same instant is one job', async () => {
    const { upload, complete, jobs } = await aDataset();
    await upload();

    const answers = await Promise.all([complete(), complete(), complete(), complete()]);

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(await jobs()).toHaveLength(1);
  });

  it('is refused before the upload', async () => {
    const { complete, read } = await aDataset();

    const answer = await complete();

    expect(answer).toMatchObject({ status: 409, body: { code: 'upload_missing' } });
    expect((await read()).body).toMatchObject({ state: 'awaiting_upload' });
  });

  it.each<[string, object, RegExp]>([
    [
      'SHA-256',
      { sha256: 'f'.repeat(64) },
      /the upload has the SHA-256 [0-9a-f]{64}, and f{64} was declared/,
    ],
    ['size', { bytes: 7 }, /the upload has 25 bytes, and 7 were declared/],
  ])('is refused where the %s differs, and the right bytes can be sent again', async (_, wrong, detail) => {
    const { upload, complete, read, sourceKey } = await aDataset(wrong);
    await upload();

    const answer = await complete();

    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'digest_mismatch', detail: expect.stringMatching(detail) },
    });
    expect(await stores.objects.head(sourceKey)).toBeUndefined();
    expect((await read()).body).toMatchObject({ state: 'awaiting_upload', upload: { method: 'PUT' } });
  });

  it.each(['ready', 'rejected'])('is refused once it is %s', async (state) => {
    const { upload, complete, tenant, id } = await aDataset();
    await upload();
    await complete();
    if (state === 'ready') await ingested(tenant, id);
    else await api.datasets.markRejected({ tenant, id, job: 'job_x', errors: [] });

    const answer = await complete();

    expect(answer).toMatchObject({ status: 409, body: { code: 'already_completed' } });
  });
});

describe('reading a data set', () => {
  it('shows rows, columns and profile once it is ready', async () => {
    const { upload, complete, read, tenant, id } = await aDataset();
    await upload();
    await complete();
    await ingested(tenant, id);

    const answer = await read();

    const { columns } = profile;
    expect(dataset.parse(answer.body)).toMatchObject({
      state: 'ready',
      rows: 1,
      format: 'csv',
      columns,
      profile,
    });
    expect(JSON.stringify(answer.body)).not.toContain('artifacts/');
  });

  it('shows every error where it was rejected', async () => {
    const { upload, complete, read, tenant, id } = await aDataset();
    await upload('a,b\n1\n');
    await complete();
    const errors = [{ line: 2, code: 'ragged_row' as const, detail: '1 field, not 2' }];
    await api.datasets.markRejected({
      tenant,
      id,
      job: 'job_01J00000000000000000000000',
      errors,
      truncated: true,
    });

    const answer = await read();

    expect(dataset.parse(answer.body)).toMatchObject({ state: 'rejected', errors, errors_truncated: true });
  });

  it('lists in pages, newest first or oldest first', async () => {
    const { id, list, another } = await aDataset();
    const ids = [id, await another('b'), await another('c')];

    const first = await list('?limit=2');
    const rest = await list(`?limit=2&after=${ids[1]}`);
    const oldest = await list('?order=asc&limit=1');

    const idsIn = ({ body }: { body: unknown }) =>
      listOf(dataset)
        .parse(body)
        .data.map((found) => found.id);
    expect(first.body).toMatchObject({ object: 'list', has_more: true });
    expect(idsIn(first)).toEqual([ids[2], ids[1]]);
    expect(rest.body).toMatchObject({ has_more: false });
    expect(idsIn(rest)).toEqual([ids[0]]);
    expect(idsIn(oldest)).toEqual([ids[0]]);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=ten',
    'limit=1e2',
    'after=job_x',
    'order=up',
    'page=2',
    'limit=1&limit=2',
  ])('refuses to list by %s', async (query) => {
    const { list } = await aDataset();

    const answer = await list(`?${query}`);

    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: expect.stringMatching(/^\/query\//) }] },
    });
  });
});

describe('deleting a data set', () => {
  it('removes it with its bytes, for good', async () => {
    const { upload, complete, remove, read, list, sourceKey, tenant, id } = await aDataset();
    await upload();
    await complete();
    const files = await ingested(tenant, id);

    const answer = await remove();

    expect(answer).toMatchObject({ status: 200, body: { id, object: 'dataset', deleted: true } });
    expect((await read()).status).toBe(404);
    expect((await list()).body).toMatchObject({ data: [] });
    expect((await remove()).status).toBe(404);
    for (const key of [sourceKey, files.data.key, files.profile.key]) {
      expect(await stores.objects.head(key)).toBeUndefined();
    }
  });

  it('takes along what its job wrote in any attempt, and stops a job that still reads', async () => {
    const { upload, complete, remove, jobs, tenant } = await aDataset();
    await upload();
    await complete();
    const [ingest] = await jobs();
    const left = `artifacts/${tenant}/${ingest?.id}/attempt-1/data.parquet`;
    await stores.objects.put(left, Buffer.from('rows that an interrupted attempt wrote'));

    const answer = await remove();

    expect(answer.status).toBe(200);
    expect(await stores.objects.head(left)).toBeUndefined();
    expect((await jobs()).map(({ state }) => state)).toEqual(['cancelled']);
  });

  it('taken up again after a crash half-way', async () => {
    const { upload, remove, read, list, sourceKey, tenant, id } = await aDataset();
    await upload();
    await api.datasets.markDeleted({ tenant, id });
    const hidden = [(await read()).status, (await list()).body];

    const answer = await remove();

    expect(hidden).toMatchObject([404, { data: [] }]);
    expect(answer.status).toBe(200);
    expect(await stores.objects.head(sourceKey)).toBeUndefined();
  });

  it('wins over a job that is still reading', async () => {
    const { upload, complete, remove, read, tenant, id } = await aDataset();
    await upload();
    await complete();
    await remove();

    const file = { key: 'artifacts/x', bytes: 1, sha256 };
    const late = await api.datasets.markReady({
      tenant,
      id,
      job: 'job_x',
      rows: 1,
      data: file,
      profile: file,
    });

    expect(late).toBeUndefined();
    expect((await read()).status).toBe(404);
  });
});
