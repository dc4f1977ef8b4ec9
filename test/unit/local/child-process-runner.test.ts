import { type ChildProcessRunner, childProcessRunner } from '../../../infra/local/child-process-runner';
import type { RunEvent } from '../../../shared/contracts/events';
import type { RunRequest } from '../../../shared/ports/batch-runner';
import { systemClock } from '../../../shared/ports/clock';
import { ulidIds } from '../../../shared/ports/ids';
import { temporaryObjectStore } from '../../support/temporary-object-store';

const aRun = (overrides: Partial<RunRequest> & { script: string }): RunRequest => {
  const { script, ...rest } = overrides;
  return {
    jobId: ulidIds.next('job'),
    tenant: 'acme',
    shareIdentifier: 'acme',
    resources: { accelerator: 'auto', vcpus: 1, memory_mib: 512 },
    timeoutSeconds: 60,
    attempts: 3,
    environment: { SCRIPT: script },
    ...rest,
  };
};

const waitForever = 'process.on("disconnect", () => process.exit(75)); setInterval(() => {}, 1000)';

describe('the embedded batch runner', () => {
  let temporary: Awaited<ReturnType<typeof temporaryObjectStore>>;
  let events: RunEvent[];
  const runners: ChildProcessRunner[] = [];

  const setup = (
    options: {
      slots?: number;
      graceMilliseconds?: number;
      deliver?: (event: RunEvent) => Promise<void>;
      store?: typeof temporary.store;
    } = {},
  ) => {
    const runner = childProcessRunner({
      store: temporary.store,
      slots: 1,
      command: [process.execPath, '-e', 'eval(process.env.SCRIPT)'],
      cwd: temporary.folder,
      deliver: async (event) => void events.push(event),
      clock: systemClock,
      ids: ulidIds,
      graceMilliseconds: 300,
      ...options,
    });
    runners.push(runner);
    return runner;
  };
  const statesOf = (jobId: string) =>
    events.filter((event) => event.job_id === jobId).map(({ state }) => state);
  const until = async (condition: () => boolean) => {
    const deadline = Date.now() + 20_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`it did not happen: ${JSON.stringify(events)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const ended = (jobId: string) => () => ['succeeded', 'failed'].includes(statesOf(jobId).at(-1) ?? '');

  beforeEach(async () => {
    temporary = await temporaryObjectStore();
    events = [];
  });
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
    await temporary.remove();
  });

  it('starts the program with the container environment and tells each state', async () => {
    const runner = setup();
    const request = aRun({
      script: 'process.exit(process.env.AWS_BATCH_JOB_ATTEMPT === "1" && !process.env.HOME ? 0 : 70)',
    });

    const { runId } = await runner.submit(request);
    await until(ended(request.jobId));

    expect(statesOf(request.jobId)).toEqual(['starting', 'running', 'succeeded']);
    expect(events.every((event) => event.run_id === runId && event.attempt === 1)).toBe(true);
  });

  it('tries again on exit 75, counts the attempts, and gives up when they are spent', async () => {
    const runner = setup();
    const request = aRun({ script: 'process.exit(75)', attempts: 2 });

    await runner.submit(request);
    await until(ended(request.jobId));

    expect(statesOf(request.jobId)).toEqual([
      'starting',
      'running',
      'interrupted',
      'starting',
      'running',
      'failed',
    ]);
    expect(events.at(-1)).toMatchObject({ attempt: 2, exit_code: 75 });
  });

  it('runs no more at once than it has slots, and the least served share first', async () => {
    const runner = setup();
    const first = aRun({ script: waitForever });
    const second = aRun({ script: 'process.exit(0)' });
    const other = aRun({ script: 'process.exit(0)', shareIdentifier: 'other', tenant: 'other' });

    const { runId } = await runner.submit(first);
    await runner.submit(second);
    await runner.submit(other);
    await until(() => statesOf(first.jobId).includes('running'));
    const beforeTheEnd = [second, other].flatMap(({ jobId }) => statesOf(jobId));
    await runner.terminate(runId, 'cancelled');
    await until(() => ended(second.jobId)() && ended(other.jobId)());

    expect(beforeTheEnd.filter((state) => state !== 'waiting')).toEqual([]);
    expect(
      events.findIndex((event) => event.job_id === other.jobId && event.state === 'starting'),
    ).toBeLessThan(events.findIndex((event) => event.job_id === second.jobId && event.state === 'starting'));
  });

  it('stops at the timeout with SIGTERM, then SIGKILL, and does not try again', async () => {
    const runner = setup();
    const request = aRun({
      script: 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)',
      timeoutSeconds: 1,
    });

    await runner.submit(request);
    await until(ended(request.jobId));

    expect(events.at(-1)).toMatchObject({ state: 'failed', exit_code: 137, reason: 'timeout after 1 s' });
    expect(statesOf(request.jobId)).not.toContain('interrupted');
  });

  it('never starts what was terminated while it waited', async () => {
    const runner = setup();
    const running = aRun({ script: waitForever });
    const waiting = aRun({ script: 'process.exit(0)' });

    const { runId } = await runner.submit(running);
    const { runId: waitingId } = await runner.submit(waiting);
    await runner.terminate(waitingId, 'cancelled by its owner');
    await runner.terminate(runId, 'done with it');
    await until(() => ended(running.jobId)() && ended(waiting.jobId)());

    expect(statesOf(waiting.jobId)).not.toContain('starting');
    expect(events.find((event) => event.job_id === waiting.jobId && event.state === 'failed')?.reason).toBe(
      'cancelled by its owner',
    );
  });

  it('is the same run when the same job is submitted twice', async () => {
    const runner = setup();
    const request = aRun({ script: waitForever });

    const [one, two] = await Promise.all([runner.submit(request), runner.submit(request)]);
    await until(() => statesOf(request.jobId).includes('running'));

    expect(one.runId).toBe(two.runId);
    expect(statesOf(request.jobId).filter((state) => state === 'starting')).toHaveLength(1);
  });

  it('goes on after the runner was stopped, as another attempt', async () => {
    const first = setup();
    const request = aRun({
      script: 'if (process.env.AWS_BATCH_JOB_ATTEMPT === "2") process.exit(0); setInterval(() => {}, 1000)',
    });
    await first.submit(request);
    await until(() => statesOf(request.jobId).includes('running'));

    await first.stop();
    await setup().start();
    await until(ended(request.jobId));

    expect(statesOf(request.jobId)).toEqual([
      'starting',
      'running',
      'interrupted',
      'starting',
      'running',
      'succeeded',
    ]);
  });

  it('holds a stopped server against no job, however often it stops', async () => {
    const request = aRun({
      script: 'if (process.env.AWS_BATCH_JOB_ATTEMPT === "4") process.exit(0); setInterval(() => {}, 1000)',
      attempts: 2,
    });
    let server = setup();
    await server.submit(request);

    for (let stops = 1; stops <= 3; stops += 1) {
      await until(() => statesOf(request.jobId).filter((state) => state === 'running').length === stops);
      await server.stop();
      server = setup();
      await server.start();
    }
    await until(ended(request.jobId));

    expect(events.at(-1)).toMatchObject({ state: 'succeeded', attempt: 4 });
  });

  it('lets shares take turns, however much one of them has had before', async () => {
    const runner = setup();
    const early = [1, 2, 3].map(() => aRun({ script: 'process.exit(0)' }));
    for (const request of early) await runner.submit(request);
    await until(() => early.every(({ jobId }) => ended(jobId)()));
    const holder = aRun({ script: waitForever, shareIdentifier: 'other' });
    const { runId } = await runner.submit(holder);
    const late = ['other', 'acme', 'other', 'acme'].map((shareIdentifier) =>
      aRun({ script: 'process.exit(0)', shareIdentifier }),
    );
    for (const request of late) await runner.submit(request);

    await until(() => statesOf(holder.jobId).includes('running'));
    await runner.terminate(runId, 'done with it');
    await until(() => late.every(({ jobId }) => ended(jobId)()));

    const started = events.filter(({ state }) => state === 'starting').slice(-late.length);
    const shares = started.map(({ job_id }) => late.find(({ jobId }) => jobId === job_id)?.shareIdentifier);
    expect(shares).toEqual(['acme', 'other', 'acme', 'other']);
  });

  it('says why a job waits on a server without job slots', async () => {
    const runner = setup({ slots: 0 });
    const request = aRun({ script: 'process.exit(0)' });

    await runner.submit(request);
    await until(() => statesOf(request.jobId).includes('waiting'));

    expect(events.at(-1)?.reason).toBe(
      'waiting for a job slot: this server was started with none, and starts no jobs',
    );
  });

  it('fails a run whose start cannot be stored, and gives its slot to the next', async () => {
    const { store } = temporary;
    let puts = 0;
    const runner = setup({
      store: {
        ...store,
        put(...all) {
          puts += 1;
          // the first stores the submission, the second the start of its attempt
          return puts === 2 ? Promise.reject(new Error('ENOSPC: no space left')) : store.put(...all);
        },
      },
    });
    const [unlucky, next] = [aRun({ script: 'process.exit(0)' }), aRun({ script: 'process.exit(0)' })];

    await runner.submit(unlucky);
    await until(ended(unlucky.jobId));
    await runner.submit(next);
    await until(ended(next.jobId));

    expect(statesOf(unlucky.jobId)).toEqual(['failed']);
    expect(events.find(({ state }) => state === 'failed')?.reason).toContain('ENOSPC');
    expect(statesOf(next.jobId).at(-1)).toBe('succeeded');
  });

  it('offers an event again until the recorder takes it', async () => {
    let refusals = 2;
    const runner = setup({
      deliver: async (event) => {
        if (event.state === 'succeeded' && refusals-- > 0) throw new Error('not now');
        events.push(event);
      },
    });
    const request = aRun({ script: 'process.exit(0)' });

    await runner.submit(request);
    await until(ended(request.jobId));

    expect(refusals).toBe(0 - 1);
    expect(statesOf(request.jobId).filter((state) => state === 'succeeded')).toHaveLength(1);
  });

  it('fails a run whose program cannot be started, and says why', async () => {
    const runner = childProcessRunner({
      store: temporary.store,
      slots: 1,
      command: ['/no/such/program'],
      cwd: temporary.folder,
      deliver: async (event) => void events.push(event),
      clock: systemClock,
      ids: ulidIds,
    });
    const request = aRun({ script: '' });

    await runner.submit(request);
    await until(ended(request.jobId));

    expect(events.at(-1)?.reason).toContain('ENOENT');
  });
});
