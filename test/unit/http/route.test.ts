import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type HttpEdge, route } from '../../../functions/http/route';
import type { HttpAnswer } from '../../../functions/middleware/exchange';
import type { Job } from '../../../shared/contracts/job';
import type { Page } from '../../../shared/contracts/lists';
import { problem } from '../../../shared/contracts/problem';
import { routes } from '../../../shared/contracts/routes';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { ConflictError, NotFoundError, TooManyRequestsError } from '../../../shared/errors/request-errors';
import { ConditionFailedError, DependencyError, IntegrityError } from '../../../shared/errors/store-errors';
import { type ApiRequest, anApiEvent, requestId } from '../../support/api-event';

const noJobs: Page<Job> = { object: 'list', data: [], has_more: false };
const authorizer = { tenant: 'acme', keyId: 'key_1', scopes: 'predict jobs datasets models' };

function setup() {
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => void lines.push(line);
  const edge: HttpEdge = {
    log: { info: note, error: note },
    idempotency: { once: async (_, run) => ({ answer: await run('an intent'), replayed: false }) },
  };
  return { edge, lines };
}

const problemIn = ({ body }: HttpAnswer) => problem.parse(JSON.parse(body));

describe('a request that is not right', () => {
  /** Submits what it gets, whatever it is. */
  function send(request: ApiRequest): Promise<HttpAnswer> {
    const handler = route(routes['submit-job'], setup().edge, async () => {
      throw new Error('a bad request came through');
    });
    return handler(anApiEvent({ method: 'POST', path: '/v1/jobs', authorizer, ...request }));
  }
  const deep = (open: string, close: string) => `${open.repeat(10_000)}${close.repeat(10_000)}`;
  const megabytes = (count: number) => JSON.stringify('x'.repeat(count * 1024 * 1024));

  it.each<[string, ApiRequest, number, RegExp]>([
    ['no body', {}, 400, /has no body/],
    ['no JSON', { body: '{"kind": train}' }, 400, /not JSON at line 1, column 10/],
    ['JSON that ends early', { body: '{\n "kind": "train",\n' }, 400, /not JSON at line 3, column 1/],
    ['a NaN', { body: '{"kind":"train","spec":{"epochs":NaN}}' }, 400, /line 1, column 34: JSON has no NaN/],
    ['an Infinity', { body: '{"kind":"train","spec":{"epochs":-Infinity}}' }, 400, /no NaN or Infinity/],
    ['arrays nested 10,000 deep', { body: deep('[', ']') }, 400, /more than 64 levels/],
    ['objects nested 10,000 deep', { body: deep('{"a":', '}').replace(':}', ':1}') }, 400, /64 levels/],
    ['nesting that never closes', { body: '['.repeat(10_000) }, 400, /64 levels/],
    ['a body over 6 MB', { body: megabytes(7) }, 413, /has \d+ bytes, and at most 262144 are taken here/],
    [
      'a body over 6 MB in base64',
      { body: megabytes(7), isBase64Encoded: true },
      413,
      /has \d+ bytes, and at most 262144 are taken here/,
    ],
    [
      'a form',
      { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      415,
      /json/,
    ],
    [
      'another charset',
      { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      /UTF-8/,
    ],
    ['bytes that are no UTF-8', { body: '/////w==', isBase64Encoded: true }, 400, /not UTF-8/],
    ['a prototype key', { body: '{"kind":"train","spec":{"__proto__":{"admin":true}}}' }, 400, /__proto__/],
    ['a hidden prototype key', { body: '{"kind":"train","spec":{"\\u005f_proto__":{}}}' }, 400, /__proto__/],
    ['a query that is not known', { path: '/v1/jobs?dry_run=1', body: {} }, 400, /unknown key 'dry_run'/],
    ['a query given twice', { path: '/v1/jobs?a=1&a=2', body: {} }, 400, /given more than once/],
  ])('is refused: %s', async (_, request, status, detail) => {
    const answer = await send(request);

    const told = problemIn(answer);
    expect(answer.statusCode).toBe(status);
    expect(told).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-request-id': requestId,
    });
  });

  it('tells everything that is wrong with a body, each at its place', async () => {
    const body = { kind: 'trane', spec: 'all', resources: { vcpus: 0, acelerator: 'gpu' }, timeout: 60 };

    const { errors } = problemIn(await send({ body }));

    expect(errors).toEqual([
      { pointer: '/kind', detail: expect.stringContaining("(did you mean 'train'?), not 'trane'") },
      { pointer: '/spec', detail: "must be an object, not 'all'" },
      { pointer: '/resources/vcpus', detail: 'must be at least 1, not 0' },
      { pointer: '/resources/acelerator', detail: "unknown key 'acelerator': did you mean 'accelerator'?" },
      { pointer: '/timeout', detail: expect.stringContaining('known are: kind, spec, name') },
    ]);
  });

  it.each(['../../etc/passwd', '..%2F..', 'a..b', 'Upper', 'a/b', ''])(
    'is refused: the model name %j',
    async (name) => {
      const handler = route(routes['get-model'], setup().edge, async () => {
        throw new Error('a bad name came through');
      });

      const answer = await handler(
        anApiEvent({ path: '/v1/models/x', pathParameters: { name }, authorizer }),
      );

      expect(problemIn(answer).errors?.[0]).toMatchObject({ pointer: '/path/name' });
      expect(answer.statusCode).toBe(400);
    },
  );
});

describe('a route with a scope', () => {
  it.each<[string, Record<string, unknown> | undefined, number, string]>([
    ['without an authorizer', undefined, 401, 'unauthenticated'],
    ['with an authorizer that told nothing', {}, 401, 'unauthenticated'],
    ['without the scope', { ...authorizer, scopes: 'predict models' }, 403, 'forbidden'],
  ])('refuses a caller %s', async (_, context, status, code) => {
    const handler = route(routes['list-jobs'], setup().edge, async () => {
      throw new Error('a stranger came through');
    });

    const request = context === undefined ? {} : { authorizer: context };
    const answer = await handler(anApiEvent({ path: '/v1/jobs', ...request }));

    expect(problemIn(answer)).toMatchObject({ status, code });
  });

  it('gives its handler what was parsed, and who calls', async () => {
    const seen: unknown[] = [];
    const handler = route(routes['list-jobs'], setup().edge, async (request) => {
      seen.push(request);
      return { body: noJobs };
    });

    const answer = await handler(
      anApiEvent({ path: '/v1/jobs?limit=7', authorizer, headers: { Accept: '*/*' } }),
    );

    expect(answer).toMatchObject({ statusCode: 200, headers: { 'x-request-id': requestId } });
    expect(seen).toMatchObject([
      { tenant: 'acme', keyId: 'key_1', query: { limit: 7, order: 'desc' }, headers: { accept: '*/*' } },
    ]);
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['lets the administrator act for a tenant', 'administrator', { 'X-Ingot-Tenant': 'acme' }, 200],
    ['refuses a key that would act for another tenant', 'key_1', { 'x-ingot-tenant': 'other' }, 404],
    ['refuses a tenant that is none', 'administrator', { 'x-ingot-tenant': '../x' }, 400],
  ])('%s', async (_, keyId, headers, status) => {
    const tenants: string[] = [];
    const handler = route(routes['list-jobs'], setup().edge, async ({ tenant }) => {
      tenants.push(tenant);
      return { body: noJobs };
    });
    const who = { keyId, tenant: 'admin', scopes: 'jobs admin' };

    const answer = await handler(anApiEvent({ path: '/v1/jobs', authorizer: who, headers }));

    expect(answer.statusCode).toBe(status);
    expect(tenants).toEqual(status === 200 ? ['acme'] : []);
  });
});

describe('an error of a use case', () => {
  async function failWith(error: Error, path = '/v1/jobs') {
    const { edge, lines } = setup();
    const handler = route(routes['list-jobs'], edge, async () => {
      throw error;
    });
    return { answer: await handler(anApiEvent({ path, authorizer })), lines };
  }

  it.each<[Error, number, string]>([
    [new NotFoundError('job', 'job_1'), 404, 'not_found'],
    [new ConflictError('it is ready already', 'already_completed'), 409, 'already_completed'],
    [new BadSpecError('the spec is not valid', [{ pointer: '/spec/epochs', detail: 'x' }]), 422, 'bad_spec'],
    [new TooManyRequestsError('slow down', 2.5), 429, 'too_many_requests'],
  ])('is told where the caller can mend it: %#', async (error, status, code) => {
    const { answer } = await failWith(error);

    expect(problemIn(answer)).toMatchObject({ status, code, detail: error.message });
    expect(answer.headers?.['retry-after']).toBe(status === 429 ? '3' : undefined);
  });

  it.each<[Error, number]>([
    [new TypeError('secret is undefined'), 500],
    [new IntegrityError('secret object was changed'), 500],
    [new DependencyError('secret host is down', { retryable: false }), 500],
    [new DependencyError('secret host is down', { retryable: true }), 503],
    [new ConditionFailedError('secret record'), 503],
  ])('is told in general, and logged, where it is ours: %#', async (error, status) => {
    const { answer, lines } = await failWith(error);

    const told = problemIn(answer);
    expect(answer.statusCode).toBe(status);
    expect(told.detail).toContain(requestId);
    expect(answer.body).not.toContain('secret');
    expect(answer.headers?.['retry-after']).toBe(status === 503 ? '1' : undefined);
    expect(lines).toEqual([['request failed', expect.objectContaining({ status, tenant: 'acme' }), error]]);
  });

  it('has the member that the Open Inference Protocol asks for under /v2', async () => {
    const { answer } = await failWith(new NotFoundError('model', 'm'), '/v2/models/m');

    const told = problemIn(answer);
    expect(told.error).toBe(told.detail);
  });
});

describe('the log', () => {
  it('has one line for a request, and neither its body nor its key', async () => {
    const { edge, lines } = setup();
    const handler = route(routes['predict-simple'], edge, async () => ({ body: { prediction: 1 } }));
    const headers = { authorization: 'Bearer ingot_the-secret' };

    await handler(
      anApiEvent({
        method: 'POST',
        path: '/api/predict',
        authorizer,
        headers,
        body: { input: { name: 'Ada' } },
      }),
    );

    expect(lines).toEqual([
      [
        'request',
        {
          request_id: requestId,
          route: 'predict-simple',
          status: 200,
          milliseconds: expect.any(Number),
          tenant: 'acme',
          key: 'key_1',
        },
      ],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/Ada|the-secret/);
  });
});

describe('a stream', () => {
  it('takes the place of the body', async () => {
    async function* events() {
      yield 'id: 1\n\n';
    }
    const handler = route(routes['read-job-events'], setup().edge, async () => ({ stream: events() }));
    const pathParameters = { id: 'job_01J00000000000000000000000' };

    const answer = await handler(anApiEvent({ path: '/v1/jobs/x/events', pathParameters, authorizer }));

    expect(answer.headers?.['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(await text(Readable.from(answer.stream ?? []))).toBe('id: 1\n\n');
  });
});
