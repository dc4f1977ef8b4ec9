import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { buffer } from 'node:stream/consumers';
import type { RunEvent } from '../../shared/contracts/events';
import type { BatchRunner, RunRequest } from '../../shared/ports/batch-runner';
import type { Clock } from '../../shared/ports/clock';
import type { Ids } from '../../shared/ports/ids';
import type { ObjectStore } from '../../shared/ports/object-store';
import { type AttemptEnd, nextStep } from './retry-strategy';

/** One run as it is kept on disk (encrypted): enough to go on after the server was killed. */
interface StoredRun {
  runId: string;
  request: RunRequest;
  /** Attempts begun. */
  attempt: number;
  phase: 'waiting' | 'running';
}

interface ActiveRun extends StoredRun {
  child?: ChildProcess;
  /** Why it must stop, once somebody said so. */
  stopReason?: string;
  timedOut?: boolean;
}

export interface ChildProcessRunnerOptions {
  store: ObjectStore;
  /** At most this many children at once; 0 starts none. */
  slots: number;
  /** Program and arguments that start the container's main. */
  command: readonly [string, ...string[]];
  cwd: string;
  deliver: (event: RunEvent) => Promise<void>;
  clock: Clock;
  ids: Ids;
  /** Between SIGTERM and SIGKILL; AWS Batch gives 30 s. */
  graceMilliseconds?: number;
  onLog?: (line: string) => void;
}

export interface ChildProcessRunner extends BatchRunner {
  /** Takes up the runs that an earlier process left behind. */
  start(): Promise<void>;
  /** Stops the children, which go on at the next start. */
  stop(): Promise<void>;
}

const prefix = 'runs/';

/** Images are decoded in libuv's threads, of which there are 4 whatever the machine. */
const libuvThreads = Math.max(4, availableParallelism());

/**
 * AWS Batch at home: starts `jobs/main.ts` as a child process with the container's environment, a bounded number at once,
 * fairly among shares, with timeout, retries by exit code, and SIGTERM then SIGKILL. Runs outlive the server.
 */
export function childProcessRunner(options: ChildProcessRunnerOptions): ChildProcessRunner {
  const { store, clock, ids } = options;
  const grace = options.graceMilliseconds ?? 30_000;
  const runs = new Map<string, ActiveRun>();
  /** Being written to disk, by job: a second submit of the same job joins the first. */
  const submissions = new Map<string, Promise<{ runId: string }>>();
  /** When each share was last given a slot, counted in slots given. */
  const lastTurns = new Map<string, number>();
  let turns = 0;
  const pending = new Set<Promise<unknown>>();
  let stopping = false;

  const keyOf = (runId: string) => `${prefix}${runId}.json`;
  const track = (work: Promise<unknown>) => {
    pending.add(work);
    void work.finally(() => pending.delete(work)).catch(() => undefined);
  };

  async function persist({ runId, request, attempt, phase }: StoredRun): Promise<void> {
    await store.put(keyOf(runId), Buffer.from(JSON.stringify({ runId, request, attempt, phase })));
  }

  /** Delivers at least once: an event that the recorder could not take is offered again until it can. */
  async function deliver(run: StoredRun, event: Pick<RunEvent, 'state'> & Partial<RunEvent>): Promise<void> {
    const { jobId, tenant } = run.request;
    const whole: RunEvent = {
      tenant,
      job_id: jobId,
      run_id: run.runId,
      attempt: Math.max(1, run.attempt),
      at: clock.now().toISOString(),
      ...event,
    };
    for (let wait = 100; !stopping; wait = Math.min(wait * 2, 5_000)) {
      try {
        return await options.deliver(whole);
      } catch (error) {
        options.onLog?.(`run event not recorded yet: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  const running = () => [...runs.values()].filter(({ phase }) => phase === 'running').length;

  /** The oldest run of the share that was served longest ago: shares take turns, however much each has had before. */
  function nextWaiting(): ActiveRun | undefined {
    const waiting = [...runs.values()].filter(({ phase }) => phase === 'waiting');
    const served = ({ request }: StoredRun) => lastTurns.get(request.shareIdentifier) ?? 0;
    return waiting.sort((a, b) => served(a) - served(b) || (a.runId < b.runId ? -1 : 1))[0];
  }

  function pump(): void {
    while (!stopping && running() < options.slots) {
      const run = nextWaiting();
      if (run === undefined) return;
      run.phase = 'running';
      turns += 1;
      lastTurns.set(run.request.shareIdentifier, turns);
      track(attempt(run));
    }
  }

  /** Whatever goes wrong, the run ends or waits again, and its slot is free. */
  async function attempt(run: ActiveRun): Promise<void> {
    run.attempt += 1;
    const end = await perform(run).catch((error: unknown) => ({
      code: null,
      signal: null,
      error: `the attempt could not be started: ${error instanceof Error ? error.message : String(error)}`,
    }));
    if (stopping) return;
    await conclude(run, end).catch((error: unknown) =>
      options.onLog?.(`the run ${run.runId} is not stored as it is: ${String(error)}`),
    );
    pump();
  }

  async function perform(run: ActiveRun): Promise<AttemptEnd> {
    await persist(run);
    await deliver(run, { state: 'starting' });
    return run.stopReason === undefined ? runChild(run) : { code: null, signal: null };
  }

  async function conclude(run: ActiveRun, end: AttemptEnd): Promise<void> {
    const stopped =
      run.stopReason ?? (run.timedOut ? `timeout after ${run.request.timeoutSeconds} s` : undefined);
    const step = nextStep(end, { attempt: run.attempt, attempts: run.request.attempts, stopped });
    await deliver(run, step.event);
    if (step.retry) {
      run.phase = 'waiting';
      return persist(run);
    }
    runs.delete(run.runId);
    await store.remove(keyOf(run.runId));
  }

  function runChild(run: ActiveRun): Promise<AttemptEnd> {
    const [program, ...args] = options.command;
    const child = spawn(program, args, {
      cwd: options.cwd,
      // the child lives no longer than this channel: when the server is gone, it stops at its next checkpoint
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env.PATH,
        UV_THREADPOOL_SIZE: String(libuvThreads),
        ...run.request.environment,
        AWS_BATCH_JOB_ATTEMPT: String(run.attempt),
      },
    });
    run.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) =>
        options.onLog?.(`[${run.request.jobId}] ${String(text).trimEnd()}`),
      );
    }
    const timer = setTimeout(() => {
      run.timedOut = true;
      stopChild(child);
    }, run.request.timeoutSeconds * 1_000);
    return new Promise<AttemptEnd>((resolve) => {
      child.once('spawn', () => track(deliver(run, { state: 'running' })));
      child.once('error', (error) => resolve({ code: null, signal: null, error: error.message }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    }).finally(() => {
      clearTimeout(timer);
      delete run.child;
    });
  }

  function stopChild(child: ChildProcess): void {
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), grace);
    child.once('exit', () => clearTimeout(kill));
  }

  const whyWaiting = (ahead: number) =>
    options.slots === 0
      ? 'waiting for a job slot: this server was started with none, and starts no jobs'
      : `waiting for one of ${options.slots} job slots, behind ${ahead} ${ahead === 1 ? 'job' : 'jobs'}`;

  async function enqueue(request: RunRequest): Promise<{ runId: string }> {
    const run: ActiveRun = { runId: ids.next('run'), request, attempt: 0, phase: 'waiting' };
    await persist(run);
    if (running() >= options.slots) track(deliver(run, { state: 'waiting', reason: whyWaiting(runs.size) }));
    runs.set(run.runId, run);
    pump();
    return { runId: run.runId };
  }

  /** One damaged run keeps no other from going on; the sweep ends its job at the deadline. */
  async function readRun(key: string): Promise<StoredRun | undefined> {
    try {
      return JSON.parse(String(await buffer(await store.get(key)))) as StoredRun;
    } catch (error) {
      options.onLog?.(`the run at '${key}' cannot be read and is left alone: ${String(error)}`);
      return undefined;
    }
  }

  /** An attempt that went with its server is not held against the job: however often the server stops, none is lost. */
  async function takeUp(run: StoredRun): Promise<void> {
    const active: ActiveRun = { ...run };
    runs.set(run.runId, active);
    if (run.phase === 'waiting') return;
    active.request = { ...run.request, attempts: run.request.attempts + 1 };
    await conclude(active, { code: null, signal: null, hostLost: true });
  }

  return {
    submit(request) {
      const known = [...runs.values()].find((run) => run.request.jobId === request.jobId);
      if (known) return Promise.resolve({ runId: known.runId });
      const submission = submissions.get(request.jobId) ?? enqueue(request);
      submissions.set(request.jobId, submission);
      void submission.finally(() => submissions.delete(request.jobId)).catch(() => undefined);
      return submission;
    },
    async terminate(runId, reason) {
      const run = runs.get(runId);
      if (run === undefined) return;
      run.stopReason = reason;
      if (run.child) return stopChild(run.child);
      if (run.phase === 'waiting') await conclude(run, { code: null, signal: null });
    },
    async start() {
      for await (const { key } of store.list(prefix)) {
        const run = await readRun(key);
        if (run !== undefined) await takeUp(run);
      }
      pump();
    },
    async stop() {
      stopping = true;
      for (const { child } of runs.values()) if (child) stopChild(child);
      await Promise.allSettled(pending);
    },
  };
}
