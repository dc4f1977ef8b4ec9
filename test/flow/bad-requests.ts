export interface Sent {
  method?: 'GET' | 'POST';
  path: string;
  body?: unknown;
}

/** What the requests are about: a data set of the columns x, y and side, and one whose column side is empty. */
export interface Things {
  dataset: string;
  withoutLabels: string;
}

/** A request, and what its answer must say; `at` is where the fault is, `says` what was given and what is allowed. */
export interface BadRequest {
  what: string;
  request: (things: Things) => Sent;
  status: number;
  code: 'bad_spec' | 'invalid_request' | 'payload_too_large' | 'target_all_missing';
  at?: string;
  says: RegExp;
}

const mebibyte = 2 ** 20;

export const row = { x: 1, y: -2 };

export const specOf = (dataset: string, facts: object = {}) => ({
  dataset,
  target: 'side',
  epochs: 1,
  model: { family: 'linear' },
  register: { name: 'sides' },
  ...facts,
});

export const predicting = (instances: unknown): Sent => ({
  path: '/v1/models/sides/predict',
  body: { instances },
});

const training =
  (facts: object) =>
  ({ dataset }: Things): Sent => ({
    path: '/v1/jobs',
    body: { kind: 'train', spec: specOf(dataset, facts) },
  });

const learningRate = (learning_rate: unknown) => training({ optimizer: { name: 'adam', learning_rate } });

/** As a client writes it whose JSON is not JSON's. */
const learningRateWritten = (written: string) => (things: Things) => {
  const { path, body } = learningRate(777)(things);
  return { path, body: JSON.stringify(body).replace('777', written) };
};

const atLearningRate = { status: 422, code: 'bad_spec', at: '/spec/optimizer/learning_rate' } as const;

const nested = (depth: number) => `{"spec":${'['.repeat(depth)}${']'.repeat(depth)}}`;

const badSpecs: readonly BadRequest[] = [
  {
    what: 'a target that is no column',
    request: training({ target: 'sied' }),
    status: 422,
    code: 'bad_spec',
    at: '/spec/target',
    says: /no column 'sied'; the most like it are 'side'/,
  },
  {
    what: 'a target without a value',
    request: ({ withoutLabels }) => training({ dataset: withoutLabels })({ dataset: '', withoutLabels }),
    status: 422,
    code: 'target_all_missing',
    says: /'side' is missing in all 3 rows/,
  },
  {
    what: 'a spec with an unknown key',
    request: training({ epoch: 3 }),
    status: 422,
    code: 'bad_spec',
    at: '/spec/epoch',
    says: /unknown key 'epoch': did you mean 'epochs'/,
  },
  {
    what: 'a negative learning rate',
    request: learningRate(-0.1),
    ...atLearningRate,
    says: /must be above 0, not -0.1/,
  },
  {
    what: 'NaN, which JSON has not',
    request: learningRateWritten('NaN'),
    status: 400,
    code: 'invalid_request',
    says: /not JSON at line 1, column \d+: JSON has no NaN/,
  },
  {
    what: 'NaN as a text',
    request: learningRate('NaN'),
    ...atLearningRate,
    says: /must be a number, not 'NaN'/,
  },
  {
    what: 'a number past all bounds',
    request: learningRateWritten('1e999'),
    ...atLearningRate,
    says: /must be a number, not Infinity/,
  },
];

const badInstances: readonly BadRequest[] = [
  {
    what: 'instances with an unknown column',
    request: () => predicting([row, { ...row, yy: 1 }]),
    status: 400,
    code: 'invalid_request',
    at: '/instances/1/yy',
    says: /did you mean 'y'\? Its columns are: x, y$/,
  },
  {
    what: 'instances without a column',
    request: () => predicting([row, row, { x: 1 }]),
    status: 400,
    code: 'invalid_request',
    at: '/instances/2/y',
    says: /is missing: send null/,
  },
  {
    what: 'a text where a number belongs',
    request: () => predicting([{ x: 'one', y: 2 }]),
    status: 400,
    code: 'invalid_request',
    at: '/instances/0/x',
    says: /must be a number, got the string "one"/,
  },
  {
    what: '100,000 rows',
    request: () => predicting(new Array(100_000).fill(row)),
    status: 400,
    code: 'invalid_request',
    at: '/instances',
    says: /at most 10000 instances, not a list of 100000: send/,
  },
];

const badSizes: readonly BadRequest[] = [
  {
    what: 'a prediction of more than 6 MB',
    request: () => predicting([{ ...row, text: 'x'.repeat(6.5 * mebibyte) }]),
    status: 413,
    code: 'payload_too_large',
    says: /has 68\d+ bytes, and at most 6291456 are taken/,
  },
  {
    what: 'a job of more than 6 MB',
    request: training({ target: 'x'.repeat(6.5 * mebibyte) }),
    status: 413,
    code: 'payload_too_large',
    says: /has 68\d+ bytes, and at most 262144 are taken/,
  },
  {
    what: 'a body beyond the gateway',
    request: () => predicting([{ ...row, text: 'x'.repeat(11 * mebibyte) }]),
    status: 413,
    code: 'payload_too_large',
    says: /more than 10485760 bytes/,
  },
  ...['/v1/jobs', '/v1/models/sides/predict', '/v2/models/sides/infer'].map((path) => ({
    what: `JSON nested 10,000 deep, to ${path}`,
    request: (): Sent => ({ path, body: nested(10_000) }),
    status: 400,
    code: 'invalid_request' as const,
    says: /nested more than 64 levels deep/,
  })),
];

const noName = /must be the name of a model, not '[^']+': 1 to 63 of a-z/;

const badNames: readonly BadRequest[] = [
  {
    what: 'a model to register at ../',
    request: training({ register: { name: '../other' } }),
    status: 422,
    code: 'bad_spec',
    at: '/spec/register/name',
    says: noName,
  },
  {
    what: 'a model to import at ../',
    request: () => ({ path: '/v1/models', body: { name: '../other' } }),
    status: 400,
    code: 'invalid_request',
    at: '/name',
    says: noName,
  },
  {
    what: 'a model to predict with at ../',
    request: () => ({ path: '/api/predict', body: { model: '../other', input: row } }),
    status: 400,
    code: 'invalid_request',
    at: '/model',
    says: noName,
  },
  ...['..%2fother', '%2e%2e%2Fother', '..%5Cother', 'a..b', '%252e%252e%252fother'].map((name) => ({
    what: `the model ${name}`,
    request: (): Sent => ({ method: 'GET', path: `/v1/models/${name}` }),
    status: 400,
    code: 'invalid_request' as const,
    at: '/path/name',
    says: noName,
  })),
];

export const badRequests: readonly BadRequest[] = [...badSpecs, ...badInstances, ...badSizes, ...badNames];
