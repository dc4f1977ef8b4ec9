import { cancelJobHandler } from '../../../functions/http/cancel-job';
import { getJobHandler } from '../../../functions/http/get-job';
import { listJobsHandler } from '../../../functions/http/list-jobs';
import { readJobEventsHandler } from '../../../functions/http/read-job-events';
import type { RouteHandler } from '../../../functions/http/route';
import { submitJobHandler } from '../../../functions/http/submit-job';
import { cancelJob } from '../../../functions/usecases/cancel-job';
import { followJobEvents } from '../../../functions/usecases/follow-job-events';
import { getJob } from '../../../functions/usecases/get-job';
import { listJobs } from '../../../functions/usecases/list-jobs';
import { readJobEvents } from '../../../functions/usecases/read-job-events';
import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { submitJob } from '../../../functions/usecases/submit-job';
import { jobEvent } from '../../../shared/contracts/events';
import { job } from '../../../shared/contracts/job';
import { listOf } from '../../../shared/contracts/lists';
import { idempotencyStore } from '../../../shared/stores/idempotency-store';
import { endJob } from '../../../shared/stores/job-transitions';
import { type ApiRequest, anApiEvent } from '../../support/api-event';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { aReadyDataset, openPorts, wireJobs } from './job-world';
import { anEvent, scriptedRunner } from './scripted-runner';

describe('the job routes', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup() {
    const clock = steppedClock();
    const runner = scriptedRunner();
    const world = wireJobs({ ...ports, queue: await ports.openQueue(clock), runner }, clock);
    const tenant = aTenant();
    const dataset = await aReadyDataset(world, tenant);
    const idempotency = idempotencyStore({ records: ports.records, keys: ports.keyService, clock });
    const edge = { log: { info() {}, error() {} }, idempotency };
    const follow = followJobEvents({ ...world, pollMilliseconds: 20, heartbeatMilliseconds: 40_000 });
    const handlers = {
      submit: submitJobHandler({ edge, submitJob: submitJob(world) }),
      get: getJobHandler({ edge, getJob: getJob(world) }),
      list: listJobsHandler({ edge, listJobs: listJobs(world) }),
      cancel: cancelJobHandler({ edge, cancelJob: cancelJob(world) }),
      events: readJobEventsHandler({ edge, readJobEvents: readJobEvents(world), followJobEvents: follow }),
    };
    const authorizer = { tenant, keyId: 'key_01J00000000000000000000000', scopes: 'jobs' };
    const call = async (handler: RouteHandler, request: ApiRequest, signal?: AbortSignal) => {
      const answer = await handler(anApiEvent({ authorizer, ...request }), signal && { signal });
      return { ...answer, json: answer.stream === undefined ? JSON.parse(answer.body) : undefined };
    };
    const body = {
      kind: 'train',
      spec: { dataset, target: 'species', register: { name: 'penguins' } },
      name: 'first try',
    };
    const submit = (facts: object = {}) =>
      call(handlers.submit, { method: 'POST', path: '/v1/jobs', body: { ...body, ...facts } });
    const submitted = async () => job.parse((await submit()).json);
    const at = (id: string, request: ApiRequest = {}): ApiRequest => ({
      path: `/v1/jobs/${id}`,
      pathParameters: { id },
      ...request,
    });
    return { world, tenant, runner, handlers, edge, body, call, submit, submitted, at, authorizer };
  }
  type Scene = Awaited<ReturnType<typeof setup>>;

  describe('POST /v1/jobs', () => {
    it('answers 202 with the job and where it is', async () => {
      const { submit } = await setup();

      const answer = await submit({ resources: { vcpus: 4 }, timeout_seconds: 600 });

      const made = job.parse(answer.json);
      expect(answer.statusCode).toBe(202);
      expect(answer.headers).toMatchObject({ location: `/v1/jobs/${made.id}` });
      expect(made).toMatchObject({ name: 'first try', timeout_seconds: 600, resources: { vcpus: 4 } });
    });

    it('submits one job for one key, although the first answer was lost', async () => {
      const { world, handlers, call, tenant, edge, body } = await setup();
      const losing = submitJobHandler({
        edge,
        submitJob: async (submission) => {
          await submitJob(world)(submission);
          throw new Error('the process died before it could answer');
        },
      });
      const request = { method: 'POST', path: '/v1/jobs', body, headers: { 'idempotency-key': 'once' } };

      const lost = await call(losing, request);
      const again = await call(handlers.submit, request);

      const { jobs } = await world.jobs.list(tenant, { limit: 10, order: 'asc' });
      expect([lost.statusCode, again.statusCode]).toEqual([500, 202]);
      expect(jobs.map(({ id }) => id)).toEqual([again.json.id]);
    });

    it.each([
      {
        title: 'a misspelt target',
        facts: { spec: { target: 'specis' } },
        status: 422,
        pointer: '/spec/dataset',
      },
      { title: 'an unknown kind', facts: { kind: 'dream' }, status: 400, pointer: '/kind' },
      { title: 'a kind of our own', facts: { kind: 'ingest' }, status: 400, pointer: '/kind' },
      { title: 'too short a time', facts: { timeout_seconds: 1 }, status: 400, pointer: '/timeout_seconds' },
    ])('refuses $title with $status', async ({ facts, status, pointer }) => {
      const { submit } = await setup();

      const answer = await submit(facts);

      expect(answer.statusCode).toBe(status);
      expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    });
  });

  it("shows a job to its tenant, and says of anybody else's that it is not there", async () => {
    const { handlers, call, submitted, at, authorizer } = await setup();
    const { id } = await submitted();

    const own = await call(handlers.get, at(id));
    const foreign = await call(handlers.get, at(id, { authorizer: { ...authorizer, tenant: aTenant() } }));

    expect([own.statusCode, own.json.id]).toEqual([200, id]);
    expect([foreign.statusCode, foreign.json.code]).toEqual([404, 'not_found']);
  });

  it('lists jobs page by page', async () => {
    const { handlers, call, submitted } = await setup();
    const ids = [(await submitted()).id, (await submitted()).id, (await submitted()).id];

    const first = await call(handlers.list, { path: '/v1/jobs?limit=2' });
    const rest = await call(handlers.list, { path: `/v1/jobs?limit=2&after=${ids[1]}` });
    const oldest = await call(handlers.list, { path: '/v1/jobs?limit=1&order=asc' });

    const idsIn = (answer: typeof first) =>
      listOf(job)
        .parse(answer.json)
        .data.map(({ id }) => id);
    expect([idsIn(first), idsIn(rest), idsIn(oldest)]).toEqual([[ids[2], ids[1]], [ids[0]], [ids[0]]]);
    expect([first.json.has_more, rest.json.has_more]).toEqual([true, false]);
  });

  describe('POST /v1/jobs/{id}/cancel', () => {
    const cancel = ({ handlers, call, at }: Scene, id: string) =>
      call(handlers.cancel, at(id, { method: 'POST', path: `/v1/jobs/${id}/cancel` }));

    it('cancels a queued job, and again', async () => {
      const scene = await setup();
      const { id } = await scene.submitted();

      const answers = [await cancel(scene, id), await cancel(scene, id)];

      expect(answers.map(({ statusCode, json }) => [statusCode, json.state])).toEqual([
        [202, 'cancelled'],
        [202, 'cancelled'],
      ]);
      expect(answers[1]?.json).toEqual(answers[0]?.json);
      expect(answers[0]?.json).toMatchObject({ reason: 'cancelled by its owner' });
    });

    it('cancels a running job and stops its run', async () => {
      const scene = await setup();
      const { id } = await scene.submitted();
      await startJob(scene.world)({ tenant: scene.tenant, jobId: id });
      const run = scene.runner.runOf(id);
      await recordRunEvent(scene.world)(anEvent(run, 'running'));

      const answer = await cancel(scene, id);

      expect(answer.json.state).toBe('cancelled');
      expect(run.stopped).toBe('cancelled by its owner');
    });

    it('refuses to cancel what has ended, and names its state', async () => {
      const scene = await setup();
      const { id } = await scene.submitted();
      await scene.world.jobs.update(scene.tenant, id, (record) =>
        endJob(record, { state: 'succeeded', at: record.created_at }),
      );

      const answer = await cancel(scene, id);

      expect([answer.statusCode, answer.json.code]).toEqual([409, 'job_ended']);
      expect(answer.json.detail).toContain('succeeded');
    });

    it('refuses to cancel what is not there', async () => {
      const scene = await setup();

      const answer = await cancel(scene, scene.world.ids.next('job'));

      expect(answer.statusCode).toBe(404);
    });
  });

  describe('GET /v1/jobs/{id}/events', () => {
    const read = (
      { handlers, call, at }: Scene,
      id: string,
      {
        query = '',
        headers = {},
        signal,
      }: { query?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
    ) => call(handlers.events, at(id, { path: `/v1/jobs/${id}/events${query}`, headers }), signal);

    const sse = { accept: 'text/event-stream' };

    /** The whole text of a stream that ends by itself. */
    async function textOf(stream: AsyncIterable<string> | undefined): Promise<string> {
      let text = '';
      for await (const chunk of stream ?? []) text += chunk;
      return text;
    }
    const idsIn = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

    async function aStory(scene: Scene) {
      const { id } = await scene.submitted();
      await startJob(scene.world)({ tenant: scene.tenant, jobId: id });
      const run = scene.runner.runOf(id);
      const record = recordRunEvent(scene.world);
      return { id, tell: (state: 'running' | 'failed') => record(anEvent(run, state, { exit_code: 65 })) };
    }

    it('lists what happened, page by page', async () => {
      const scene = await setup();
      const { id, tell } = await aStory(scene);
      for (const state of ['running', 'failed'] as const) await tell(state);

      const first = await read(scene, id, { query: '?limit=2' });
      const rest = await read(scene, id, { query: '?after=2' });

      const events = [first, rest].map(({ json }) => listOf(jobEvent).parse(json));
      expect(events.map(({ data }) => data.map((event) => event.id))).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect(events.map(({ has_more }) => has_more)).toEqual([true, false]);
      expect(events[1]?.data.at(-1)?.data).toMatchObject({
        state: 'failed',
        error: { code: 'unusable_data' },
      });
    });

    it('streams what happened in the form of the HTML standard, and ends with the job', async () => {
      const scene = await setup();
      const { id, tell } = await aStory(scene);
      for (const state of ['running', 'failed'] as const) await tell(state);

      const answer = await read(scene, id, { headers: sse });
      const text = await textOf(answer.stream);

      expect(answer.headers?.['content-type']).toBe('text/event-stream; charset=utf-8');
      const blocks = text.split('\n\n').filter((block) => block !== '');
      expect(blocks[0]).toBe('retry: 2000');
      expect(blocks[1]).toMatch(/^id: 1\nevent: state\ndata: \{.*\}$/);
      expect(idsIn(text)).toEqual([1, 2, 3, 4]);
    });

    it.each([
      { title: 'Last-Event-ID', headers: { ...sse, 'Last-Event-ID': '2' }, query: '' },
      { title: '?after=', headers: sse, query: '?after=2' },
      { title: 'Last-Event-ID before ?after=', headers: { ...sse, 'Last-Event-ID': '2' }, query: '?after=1' },
    ])('resumes by $title', async ({ headers, query }) => {
      const scene = await setup();
      const { id, tell } = await aStory(scene);
      for (const state of ['running', 'failed'] as const) await tell(state);

      const text = await textOf((await read(scene, id, { headers, query })).stream);

      expect(idsIn(text)).toEqual([3, 4]);
    });

    it('tells what happens while it is read', async () => {
      const scene = await setup();
      const { id, tell } = await aStory(scene);
      const text = textOf((await read(scene, id, { headers: sse })).stream);

      await tell('running');
      await tell('failed');

      expect(idsIn(await text)).toEqual([1, 2, 3, 4]);
    });

    it('sends a comment when nothing happened for a while', async () => {
      const scene = await setup();
      const { id, tell } = await aStory(scene);
      const { stream } = await read(scene, id, { headers: sse });
      const chunks: string[] = [];

      for await (const chunk of stream ?? []) {
        chunks.push(chunk);
        if (chunks.length === 2) scene.world.clock.advance(41);
        if (chunk.startsWith(':')) await tell('failed');
      }

      expect(chunks.filter((chunk) => chunk.startsWith(':'))).toEqual([': still here\n\n']);
      expect(idsIn(chunks.join(''))).toEqual([1, 2, 3]);
    });

    it.each([
      { title: 'it has lasted as long as it may', end: ({ world }: Scene) => world.clock.advance(15 * 60) },
      { title: 'its reader goes away', end: (_: Scene, reader: AbortController) => reader.abort() },
    ])('ends when $title', async ({ end }) => {
      const scene = await setup();
      const { id } = await aStory(scene);
      const reader = new AbortController();
      const { stream } = await read(scene, id, { headers: sse, signal: reader.signal });
      const chunks: string[] = [];

      for await (const chunk of stream ?? []) {
        chunks.push(chunk);
        if (chunks.length === 2) end(scene, reader);
      }

      expect(idsIn(chunks.join(''))).toEqual([1, 2]);
    });

    it.each(['-1', 'two', '1e3', '99999999999'])('refuses the Last-Event-ID %s', async (given) => {
      const scene = await setup();
      const { id } = await scene.submitted();

      const answer = await read(scene, id, { headers: { ...sse, 'last-event-id': given } });

      expect(answer.statusCode).toBe(400);
    });

    it("refuses to stream another tenant's job, before it streams", async () => {
      const scene = await setup();

      const answer = await read(scene, scene.world.ids.next('job'), { headers: sse });

      expect([answer.statusCode, answer.stream]).toEqual([404, undefined]);
    });
  });
});
