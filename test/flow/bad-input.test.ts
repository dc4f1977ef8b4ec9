import { createHash } from 'node:crypto';
import { embeddedFolders } from '../../shared/adapters/embedded/embedded-folders';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { signedUrls, uploadsPath } from '../../shared/adapters/embedded/signed-urls';
import { type Dataset, dataset as datasetSchema } from '../../shared/contracts/dataset';
import { problem } from '../../shared/contracts/problem';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';
import { labelledRows } from '../support/labelled-rows';
import { sendVerbatim } from '../support/send-verbatim';
import { type TenantClient, tenantClient } from '../support/tenant-client';
import { badFiles, badTargets, csv } from './bad-files';
import { badRequests, predicting, row, specOf, type Things } from './bad-requests';

let home: string;
let server: IngotServer;
/** Has data sets, a job and a model, at rest: no request that is refused may change a thing of it. */
let acme: TenantClient;
let things: Things;
/** Uploads and trains what cannot be used. */
let careless: TenantClient;

/** All that acme has, and what its model answers. */
const everythingOfAcme = async () => {
  const lists = ['/v1/datasets', '/v1/jobs', '/v1/models', `/v1/datasets/${things.dataset}`];
  const { path, body } = predicting([row]);
  const answers = await Promise.all([
    ...lists.map((list) => acme.send('GET', list)),
    acme.send('POST', path, body),
  ]);
  return answers.map((answer) => ({ status: answer.status, body: answer.body }));
};

beforeAll(async () => {
  home = await temporaryHome();
  server = await startServer(home, { INGOT_JOB_SLOTS: '2' });
  [acme, careless] = await Promise.all([tenantClient(server, 'acme'), tenantClient(server, 'careless')]);
  const [sides, unlabelled] = await Promise.all([
    acme.uploadDataset('sides', labelledRows(300), 'csv'),
    acme.uploadDataset('without labels', csv('x,side\n1,\n2,\n3,\n'), 'csv'),
  ]);
  things = { dataset: sides.id, withoutLabels: unlabelled.id };
  const trained = await acme.runJob('train', specOf(sides.id));
  if (trained.state !== 'succeeded') throw new Error(JSON.stringify(trained.error));
});
afterAll(async () => {
  await server.stop();
  await removeHome(home);
});

describe('a file that is no table', () => {
  let uploads: Map<string, Promise<Dataset>>;
  beforeAll(() => {
    uploads = new Map(badFiles.map(({ what, bytes }) => [what, careless.uploadDataset(what, bytes)]));
  });

  it.each(badFiles)('is rejected, each error with its place: $what', async ({ what, errors, says }) => {
    const rejected = await uploads.get(what);

    expect(rejected).toMatchObject({ state: 'rejected', errors });
    expect(rejected?.errors).toHaveLength(errors.length);
    expect(rejected?.errors?.[0]?.detail).toMatch(says);
  });

  it('is taken as a new data set once it is mended', async () => {
    const mended = await careless.uploadDataset('mended', csv('a,b\n1,2\n3,\n4,5\n'));

    expect(mended).toMatchObject({ state: 'ready', rows: 3 });
  });
});

describe('a target that nothing can be learned of', () => {
  const submit = async ({ what, bytes }: { what: string; bytes: Buffer }) => {
    const { id } = await careless.uploadDataset(what, bytes, 'csv');
    return { id, answer: await careless.send('POST', '/v1/jobs', { kind: 'train', spec: specOf(id) }) };
  };
  let submissions: Map<string, ReturnType<typeof submit>>;
  beforeAll(() => {
    submissions = new Map(badTargets.map((target) => [target.what, submit(target)]));
  });

  it.each(badTargets)('is refused before any machine starts: $what', async ({ what, code, says }) => {
    const { id, answer } = (await submissions.get(what)) ?? {};

    expect(answer?.status).toBe(422);
    const told = problem.parse(answer?.body);
    expect(told.code).toBe(code);
    expect(told.detail).toMatch(says);
    expect((await careless.send('GET', '/v1/models')).body).toMatchObject({ data: [] });
    expect((await careless.send('GET', `/v1/datasets/${id}`)).body).toMatchObject({ state: 'ready' });
  });
});

describe('a request that is not right', () => {
  it.each(badRequests)('is refused with place and reason, and changes nothing: $what', async (bad) => {
    const before = await everythingOfAcme();
    const { method = 'POST', path, body } = bad.request(things);

    const answer = await acme.send(method, path, body);

    const told = problem.parse(answer.body);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect({ answered: answer.status, status: told.status, code: told.code }).toEqual({
      answered: bad.status,
      status: bad.status,
      code: bad.code,
    });
    expect(told.detail).toMatch(bad.says);
    expect(told.errors?.map(({ pointer }) => pointer)).toEqual(bad.at === undefined ? undefined : [bad.at]);
    expect(await everythingOfAcme()).toEqual(before);
  });

  it('is refused too where it is endless, and its sender reads why', async () => {
    async function* endless() {
      for (let sent = 0; sent < 20; sent += 1) yield new Uint8Array(2 ** 20);
    }
    const headers = { 'x-api-key': acme.key.secret, 'content-type': 'application/json' };
    const options = { method: 'POST', headers, body: endless(), duplex: 'half' } as const;

    const answer = await fetch(`${server.url}/v1/models/sides/predict`, options);

    expect(answer.status).toBe(413);
    expect(problem.parse(await answer.json()).detail).toMatch(/more than 10485760 bytes/);
  });

  it.each([
    '/v1/models/../../master-key',
    '/v1/models/%2e%2e/versions/1',
    `${uploadsPath}../../master-key`,
    '/%',
    '//x/y',
  ])('leads nowhere: GET %s, as it is written', async (path) => {
    const answer = await sendVerbatim(server.url, path, { 'x-api-key': acme.key.secret });

    expect(answer.status).toBe(404);
    expect(problem.parse(JSON.parse(answer.body)).code).toBe('not_found');
  });

  it('is taken once it is mended', async () => {
    const optimizer = { name: 'adam', learning_rate: 0.1 };

    const job = await acme.runJob('train', specOf(things.dataset, { optimizer }));
    const answer = await acme.send('POST', '/v1/models/sides/predict?version=2', predicting([row]).body);

    expect(job).toMatchObject({ state: 'succeeded', output: { model: { name: 'sides', version: 2 } } });
    expect(answer).toMatchObject({ status: 200, body: { predictions: [{}], model: { version: 2 } } });
  });
});

describe('a key that is none', () => {
  // that a key that was used a moment ago is refused in time too is in test/unit/http/keys.test.ts, under a clock of its own
  it('is refused in the same words, whether malformed, unknown or revoked', async () => {
    const revoked = await tenantClient(server, 'acme');
    await server.client.send('DELETE', `/v1/keys/${revoked.key.id}`);
    const { secret, id } = acme.key;
    const wrong = secret.slice(0, -1) + (secret.endsWith('A') ? 'E' : 'A');
    const unknown = secret.replace(id.replace('key_', ''), '01J00000000000000000000000');
    const keys = ['', 'x', `${secret}x`, secret.toUpperCase(), wrong, unknown, revoked.key.secret];
    const headers = [{}, ...keys.map((key) => ({ authorization: `Bearer ${key}` }))];

    const answers = await Promise.all(
      headers.map((each) => fetch(`${server.url}/v1/jobs`, { headers: each })),
    );

    const told = await Promise.all(answers.map(async (answer) => problem.parse(await answer.json())));
    expect(answers.map(({ status }) => status)).toEqual(headers.map(() => 401));
    expect(new Set(told.map(({ code, detail }) => `${code}: ${detail}`)).size).toBe(1);
    expect(told[0]?.detail).toMatch(/send 'Authorization: Bearer <key>' or 'x-api-key: <key>'/);
    expect((await acme.send('GET', '/v1/jobs')).status).toBe(200);
  });
});

describe('an upload', () => {
  const bytes = labelledRows(20);
  const sha256 = createHash('sha256').update(bytes).digest('hex');

  async function announced() {
    const declared = { name: 'upload', bytes: bytes.length, sha256 };
    const { id, upload } = await careless.call(datasetSchema, 'POST', '/v1/datasets', declared);
    if (upload === undefined) throw new Error('the data set was made without an upload');
    return { id, url: upload.url };
  }

  async function put(url: string, body: Buffer) {
    const answer = await fetch(url, { method: 'PUT', body: new Uint8Array(body) });
    const text = await answer.text();
    return { status: answer.status, told: text === '' ? undefined : problem.parse(JSON.parse(text)) };
  }

  const complete = (id: string) => careless.send('POST', `/v1/datasets/${id}/complete`);

  /** The same upload as the server itself signs it, two hours ago. */
  async function signedTwoHoursAgo(url: string): Promise<string> {
    const keys = await openFileKeyService(embeddedFolders(home).masterKey);
    const clock = { now: () => new Date(Date.now() - 7_200_000) };
    const past = signedUrls({ baseUrl: server.url, signingKey: keys.derive('upload-urls'), clock });
    const key = new URL(url).pathname.slice(uploadsPath.length);
    return (await past.sign({ key, bytes: bytes.length, sha256, expiresInSeconds: 3_600 })).url;
  }

  const tampered = /signature of this URL does not hold: use the upload's URL and headers exactly as they/;

  it.each<[string, (url: string) => string | Promise<string>, string, RegExp]>([
    [
      'another signature',
      (url) => url.replace(/.$/, (end) => (end === '0' ? '1' : '0')),
      'signature_invalid',
      tampered,
    ],
    ['another tenant', (url) => url.replace('/careless/', '/acme/'), 'signature_invalid', tampered],
    ['another size', (url) => url.replace(/bytes=\d+/, 'bytes=9'), 'signature_invalid', tampered],
    ['another digest', (url) => url.replace(/sha256=../, 'sha256=00'), 'signature_invalid', tampered],
    ['a later end', (url) => url.replace(/expires=\d/, 'expires=9'), 'signature_invalid', tampered],
    ['a past end', signedTwoHoursAgo, 'signature_expired', /time of this URL is over: ask for a new one/],
  ])('is refused under a URL with %s, and taken under its own', async (_, change, code, says) => {
    const { url } = await announced();

    const refused = await put(await change(url), bytes);

    expect(refused).toMatchObject({ status: 403, told: { code, detail: expect.stringMatching(says) } });
    expect(await put(url, bytes)).toEqual({ status: 200, told: undefined });
  });

  it('of other bytes than declared is refused, and one of the right bytes then taken', async () => {
    const { id, url } = await announced();
    const others = Buffer.from(bytes).reverse();

    const early = await complete(id);
    const [changed, longer] = [await put(url, others), await put(url, Buffer.concat([bytes, bytes]))];
    const [right, again] = [await put(url, bytes), await put(url, others)];

    expect(early).toMatchObject({ status: 409, body: { code: 'upload_missing' } });
    expect(changed).toMatchObject({ status: 422, told: { code: 'digest_mismatch' } });
    expect(changed.told?.detail).toContain(sha256);
    expect(longer).toMatchObject({ status: 403, told: { code: 'signature_invalid' } });
    expect(longer.told?.detail).toContain(`content-length must be ${bytes.length}`);
    expect(right.status).toBe(200);
    expect(again).toMatchObject({ status: 409, told: { code: 'already_uploaded' } });
  });

  it('completed twice is read once', async () => {
    const { id, url } = await announced();
    await put(url, bytes);

    const both = await Promise.all([complete(id), complete(id)]);

    const [first, second] = both.map(({ body }) => datasetSchema.parse(body));
    expect(both.map(({ status }) => status)).toEqual([202, 202]);
    expect(first?.job).toBe(second?.job);
    expect(await careless.waitForJob(first?.job ?? '')).toMatchObject({ state: 'succeeded' });
    const late = await complete(id);
    expect(late).toMatchObject({ status: 409, body: { code: 'already_completed' } });
    expect(late.body).toMatchObject({ detail: expect.stringContaining('is ready already') });
  });
});
