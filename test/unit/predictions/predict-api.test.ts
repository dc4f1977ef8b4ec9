import { modelSignature } from '../../../shared/contracts/model';
import { constant, floats, input, operation } from '../../../shared/onnx/build';
import { model } from '../../../shared/onnx/model';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { penguinModel, penguinSignature } from '../../support/penguin-model';
import { predictApi } from '../../support/predict-api';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

async function setup({ names = ['penguins'] } = {}) {
  const api = predictApi(stores);
  const tenant = aTenant();
  const register = (name: string, sharpness: number) =>
    api.register({ tenant, name, model: penguinModel(sharpness), signature: penguinSignature });
  for (const name of names) await register(name, 2);
  const predict = (body: unknown, { query = '', name = 'penguins' } = {}) =>
    api.call({ route: 'predict-model', tenant, params: { name }, query, body });
  const predictSimple = (body: unknown) => api.call({ route: 'predict-simple', tenant, body });
  return { api, tenant, register, predict, predictSimple };
}

const adelie = { mass: 3.5, island: 'Dream' };
const gentoo = { mass: 5.5, island: 'Biscoe' };

describe('POST /v1/models/{name}/predict', () => {
  it('answers with a label and probabilities for each row, and with the version that gave them', async () => {
    const { predict } = await setup();

    const { status, body } = await predict({ instances: [gentoo, adelie, { mass: null, island: null }] });

    expect(status).toBe(200);
    expect(body.model).toEqual({ name: 'penguins', version: 1 });
    expect(body.predictions).toEqual([
      {
        label: 'Gentoo',
        probabilities: { Adelie: expect.closeTo(0.0017, 4), Gentoo: expect.closeTo(0.9983, 4) },
      },
      {
        label: 'Adelie',
        probabilities: { Adelie: expect.closeTo(0.8808, 4), Gentoo: expect.closeTo(0.1192, 4) },
      },
      { label: 'Adelie', probabilities: { Adelie: 0.5, Gentoo: 0.5 } },
    ]);
  });

  it('answers from the version or alias that is asked for', async () => {
    const { api, tenant, register, predict } = await setup();
    await register('penguins', 1);
    await api.registry.setAlias({ tenant, name: 'penguins', alias: 'stable' }, { version: 1 });
    const instances = [gentoo];

    const answers = [
      await predict({ instances }),
      await predict({ instances }, { query: '?version=1' }),
      await predict({ instances }, { query: '?alias=stable' }),
    ];

    expect(answers.map(({ body }) => body.model.version)).toEqual([2, 1, 1]);
    expect(answers[0]?.body.predictions[0].probabilities.Gentoo).toBeCloseTo(0.9608, 4);
  });

  it('makes no call of any store once it is warm', async () => {
    const { api, tenant, predict, predictSimple } = await setup();
    const infer = { route: 'infer-model', tenant, params: { name: 'penguins' }, body: inferBody() } as const;
    await Promise.all([predict({ instances: [gentoo] }), predictSimple({ input: gentoo }), api.call(infer)]);
    const before = api.calls();

    const answers = [
      await predict({ instances: [adelie] }),
      await predictSimple({ input: adelie }),
      await api.call(infer),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(before).toBeGreaterThan(0);
    expect(api.calls()).toBe(before);
  });

  it('refuses with the place and the reason of all that is wrong', async () => {
    const { predict } = await setup();

    const { status, body } = await predict({
      instances: [gentoo, { mass: '5.5', island: 'Biscoe' }, { masss: 5, island: 3 }],
    });

    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_request', status: 400, title: 'Bad Request' });
    expect(body.errors).toEqual([
      { pointer: '/instances/1/mass', detail: 'must be a number, got the string "5.5"' },
      { pointer: '/instances/2/mass', detail: 'is missing: send null where its value is not known' },
      { pointer: '/instances/2/island', detail: 'must be a string, got the number 3' },
      {
        pointer: '/instances/2/masss',
        detail: expect.stringMatching(/^is no column of this model: did you mean 'mass'/),
      },
    ]);
  });

  it.each([
    {
      what: '100,000 rows',
      body: { instances: new Array(100_000).fill({ mass: 1 }) },
      at: '/instances',
      says: /at most 10000 instances, not a list of 100000: send the rest in further requests$/,
    },
    { what: 'no rows', body: { instances: [] }, at: '/instances', says: /at least 1/ },
    {
      what: 'rows that are no objects',
      body: { instances: [[1, 'Biscoe']] },
      at: '/instances/0',
      says: /an object/,
    },
    { what: 'no instances', body: { rows: [] }, at: '/instances', says: /missing/ },
  ])('refuses $what', async ({ body: given, at, says }) => {
    const { predict } = await setup();

    const { status, body } = await predict(given);

    expect(status).toBe(400);
    expect(body.errors).toContainEqual({ pointer: at, detail: expect.stringMatching(says) });
  });

  it.each([
    { what: 'an alias that is not there', query: '?alias=none', status: 404 },
    { what: 'a version that is not there', query: '?version=7', status: 404 },
    { what: 'a version that is no number', query: '?version=latest', status: 400 },
    { what: 'a version and an alias', query: '?version=1&alias=production', status: 400 },
  ])('refuses $what', async ({ query, status }) => {
    const { predict } = await setup();

    const answer = await predict({ instances: [gentoo] }, { query });

    expect(answer.status).toBe(status);
  });

  it('refuses another tenant’s model as one that is not there', async () => {
    const { api } = await setup();
    const call = {
      route: 'predict-model',
      params: { name: 'penguins' },
      body: { instances: [gentoo] },
    } as const;

    const { status, body } = await api.call({ ...call, tenant: aTenant() });

    expect(status).toBe(404);
    expect(body.detail).toBe("no model named 'penguins'");
  });
});

describe('POST /v1/models/{name}/predict of an imported model', () => {
  it.each([
    { what: 'an open batch axis', batch: 'batch' },
    { what: 'a batch axis of size 1', batch: 1 },
  ])('answers with its outputs by name where it has $what', async ({ batch }) => {
    const { api, tenant, predict } = await setup({ names: [] });
    const x = input('x', 'float', [batch, 2]);
    const y = operation('Mul', [x, constant(floats([1, 2], [10, 100]))]);
    const made = model({ graph: { name: 'test', inputs: [x], outputs: [{ name: 'y', value: y }] } });
    const field = { type: 'number', element_type: 'float', shape: [2] } as const;
    const signature = {
      task: 'other',
      inputs: [{ name: 'x', ...field }],
      outputs: [{ name: 'y', ...field }],
    } as const;
    await api.register({ tenant, name: 'penguins', model: made, signature: modelSignature.parse(signature) });

    const { body } = await predict({ instances: [{ x: [1, 2] }, { x: [3, 4] }] });

    expect(body.predictions).toEqual([{ y: [10, 200] }, { y: [30, 400] }]);
  });
});

describe('POST /api/predict', () => {
  it('answers with one prediction for one row of the only model', async () => {
    const { predictSimple } = await setup();

    const { status, body } = await predictSimple({ input: gentoo });

    expect(status).toBe(200);
    expect(body).toEqual({ prediction: { label: 'Gentoo', probabilities: expect.any(Object) } });
  });

  it.each([
    { names: ['a', 'b'], model: 'b' },
    { names: ['a', 'default'], model: undefined },
  ])('answers from $model among $names', async ({ names, model }) => {
    const { predictSimple } = await setup({ names });

    const { status } = await predictSimple({ input: gentoo, ...(model === undefined ? {} : { model }) });

    expect(status).toBe(200);
  });

  it('refuses to choose among several, and names them', async () => {
    const { predictSimple } = await setup({ names: ['b', 'a'] });

    const { status, body } = await predictSimple({ input: gentoo });

    expect(status).toBe(400);
    expect(body.errors).toEqual([{ pointer: '/model', detail: 'is missing; the models are: a, b' }]);
  });

  it('refuses where there is no model at all', async () => {
    const { predictSimple } = await setup({ names: [] });

    const { status, body } = await predictSimple({ input: gentoo });

    expect(status).toBe(400);
    expect(body.detail).toBe('there is no model yet: train or import one first');
  });

  it('refuses with places in its own body', async () => {
    const { predictSimple } = await setup();

    const { body } = await predictSimple({ input: { mass: 'heavy', island: 'Dream' } });

    expect(body.errors).toEqual([
      { pointer: '/input/mass', detail: 'must be a number, got the string "heavy"' },
    ]);
  });
});

const inferBody = () => ({
  inputs: [
    { name: 'mass', shape: [2], datatype: 'FP32', data: [5.5, null] },
    { name: 'island', shape: [2], datatype: 'BYTES', data: ['Biscoe', ''] },
  ],
});

describe('the Open Inference Protocol', () => {
  const params = { name: 'penguins' };

  it.each([
    { route: 'get-server-metadata', body: { name: 'ingot', version: '1.2.3', extensions: [] } },
    { route: 'get-liveness', body: { live: true } },
    { route: 'get-readiness', body: { live: true, ready: true } },
  ] as const)('answers $route', async ({ route, body }) => {
    const { api, tenant } = await setup({ names: [] });

    const answer = await api.call({ route, tenant });

    expect(answer).toEqual({ status: 200, body });
  });

  it.each([
    { route: 'get-model-metadata', params },
    { route: 'get-model-version-metadata', params: { ...params, version: '1' } },
  ] as const)('answers $route with the tensors of the model', async ({ route, params: given }) => {
    const { api, tenant } = await setup();

    const { body } = await api.call({ route, tenant, params: given });

    expect(body).toEqual({
      name: 'penguins',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'mass', datatype: 'FP32', shape: [-1] },
        { name: 'island', datatype: 'BYTES', shape: [-1] },
      ],
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
    });
  });

  it.each([
    { route: 'get-model-readiness', params },
    { route: 'get-model-version-readiness', params: { ...params, version: '1' } },
  ] as const)('answers $route for a model that can serve', async ({ route, params: given }) => {
    const { api, tenant } = await setup();

    const answer = await api.call({ route, tenant, params: given });

    expect(answer).toEqual({ status: 200, body: { name: 'penguins', ready: true } });
  });

  it('answers 503 for a version that is not ready, and 404 for one that is not there', async () => {
    const { api, tenant } = await setup();
    await api.registry.reserveVersion({ tenant, name: 'penguins' });
    const route = 'get-model-version-readiness';

    const answers = [
      await api.call({ route, tenant, params: { ...params, version: '2' } }),
      await api.call({ route, tenant, params: { ...params, version: '3' } }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([503, 404]);
    expect(answers[0]?.body).toEqual({ name: 'penguins', ready: false });
  });

  it('infers, and echoes the id', async () => {
    const { api, tenant } = await setup();

    const answer = await api.call({
      route: 'infer-model',
      tenant,
      params,
      body: { id: '42', ...inferBody() },
    });

    expect(answer).toEqual({
      status: 200,
      body: {
        model_name: 'penguins',
        model_version: '1',
        id: '42',
        outputs: [
          { name: 'label', datatype: 'BYTES', shape: [2], data: ['Gentoo', 'Adelie'] },
          {
            name: 'probabilities',
            datatype: 'FP32',
            shape: [2, 2],
            data: [expect.closeTo(0.0017, 4), expect.closeTo(0.9983, 4), 0.5, 0.5],
          },
        ],
      },
    });
  });

  it('infers with one version, and gives the outputs that are asked for', async () => {
    const { api, tenant, register } = await setup();
    await register('penguins', 1);
    const body = { ...inferBody(), outputs: [{ name: 'label' }] };

    const answer = await api.call({
      route: 'infer-model-version',
      tenant,
      params: { ...params, version: '1' },
      body,
    });

    expect(answer.body.model_version).toBe('1');
    expect(answer.body.outputs.map(({ name }: { name: string }) => name)).toEqual(['label']);
  });

  it('refuses with the protocol’s error member beside the problem', async () => {
    const { api, tenant } = await setup();
    const [mass] = inferBody().inputs;

    const { status, body } = await api.call({
      route: 'infer-model',
      tenant,
      params,
      body: { inputs: [{ ...mass, datatype: 'FP64' }] },
    });

    expect(status).toBe(400);
    expect(body.error).toBe(body.detail);
    expect(body.errors).toEqual([
      { pointer: '/inputs/0/datatype', detail: "'mass' is FP32, got FP64" },
      { pointer: '/inputs', detail: "the model's input 'island' is missing" },
    ]);
  });

  it('refuses the binary extension by its header', async () => {
    const { api, tenant } = await setup();
    const headers = { 'Inference-Header-Content-Length': '100' };

    const { status, body } = await api.call({
      route: 'infer-model',
      tenant,
      params,
      headers,
      body: inferBody(),
    });

    expect(status).toBe(400);
    expect(body.error).toMatch(/binary tensor extension, which is not spoken here/);
  });
});
