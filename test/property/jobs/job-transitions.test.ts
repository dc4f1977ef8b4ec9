import fc from 'fast-check';
import type { RunEvent } from '../../../shared/contracts/events';
import { type JobState, jobTransitions } from '../../../shared/contracts/job';
import { isEnd, type JobRecord, newJobRecord } from '../../../shared/stores/job-record';
import {
  applyRunEvent,
  claimJob,
  endJob,
  markDispatched,
  requestCancel,
} from '../../../shared/stores/job-transitions';

const start = new Date('2026-01-01T00:00:00.000Z');
const jobId = 'job_01J00000000000000000000000';

const momentOf = (minutes: number) => new Date(start.getTime() + minutes * 60_000).toISOString();

function aClaimedJob(): JobRecord {
  const job = newJobRecord({
    id: jobId,
    tenant: 'acme',
    kind: 'train',
    spec: {},
    resources: { accelerator: 'auto', vcpus: 2, memory_mib: 4096 },
    timeoutSeconds: 3_600,
    maximumWaitSeconds: 3_600,
    reason: 'queued behind 0 jobs',
    now: start,
  });
  const claim = {
    at: momentOf(0),
    tokenHash: 'hash',
    grant: { read: [], write: [] },
    staleBefore: momentOf(0),
  };
  return claimJob(job, claim) ?? job;
}

type Told = RunEvent | { state: 'dispatched' };
interface History {
  told: Told[];
  end: RunEvent;
}

/** What a runner tells of one run, in order: every attempt but the last is interrupted. */
const histories: fc.Arbitrary<History> = fc
  .record({
    attempts: fc.integer({ min: 1, max: 4 }),
    end: fc.constantFrom('succeeded' as const, 'failed' as const),
  })
  .map(({ attempts, end }) => {
    const told: Told[] = [{ state: 'dispatched' }];
    const tell = (attempt: number, state: RunEvent['state']): RunEvent => {
      const at = momentOf(told.length);
      const event: RunEvent = { tenant: 'acme', job_id: jobId, run_id: 'run_1', attempt, state, at };
      told.push(event);
      return event;
    };
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      for (const state of ['waiting', 'starting', 'running'] as const) tell(attempt, state);
      if (attempt < attempts) tell(attempt, 'interrupted');
    }
    return { end: tell(attempts, end), told };
  });

/** Any part of a history, in any order, each event up to three times. */
const deliveries = histories.chain((history) =>
  fc
    .subarray([...history.told, ...history.told, ...history.told], { minLength: 0 })
    .chain((part) => fc.shuffledSubarray(part, { minLength: part.length }))
    .map((delivered) => ({ ...history, delivered })),
);

const isRunEvent = (told: Told): told is RunEvent => told.state !== 'dispatched';

const hear = (job: JobRecord, told: Told): JobRecord =>
  (isRunEvent(told) ? applyRunEvent(job, told) : markDispatched(job, 'run_1', momentOf(0))) ?? job;

const settle = (job: JobRecord): JobRecord => {
  const state = job.ending?.state;
  if (state !== 'succeeded' && state !== 'failed') return job;
  return endJob(job, { state, at: job.ending?.at ?? momentOf(0) }) ?? job;
};

const ranks: Readonly<Record<Told['state'], number>> = {
  waiting: 0,
  dispatched: 1,
  starting: 2,
  running: 3,
  interrupted: 4,
  succeeded: 5,
  failed: 5,
};
/** A first attempt that waits is a job that was dispatched. */
const rankOf = (told: Told) =>
  ranks[isRunEvent(told) && told.state === 'waiting' && told.attempt === 1 ? 'dispatched' : told.state];
const positionOf = (told: Told) => (isRunEvent(told) ? told.attempt : 1) * 10 + rankOf(told);
const stateAt: readonly JobState[] = ['queued', 'dispatched', 'starting', 'running', 'interrupted'];

function expectSound(job: JobRecord): void {
  const [first, ...moves] = job.transitions;
  expect(first?.state).toBe('queued');
  let state: JobState = 'queued';
  let at = first?.at ?? '';
  for (const move of moves) {
    expect(jobTransitions[state]).toContain(move.state);
    expect(move.at >= at).toBe(true);
    ({ state, at } = move);
  }
  expect(job.state).toBe(state);
  expect(job.news.map(({ id }) => id)).toEqual(job.news.map((_, index) => index + 1));
  expect(job.news.filter(({ type }) => type === 'state')).toHaveLength(job.transitions.length);
}

describe('a job under any delivery of its run events', () => {
  it('is in a legal state with a legal history after every single event', () => {
    fc.assert(
      fc.property(deliveries, ({ delivered }) => {
        let job = aClaimedJob();

        for (const told of delivered) {
          job = settle(hear(job, told));

          expectSound(job);
        }
      }),
    );
  });

  it('ends as its run ended, whenever the end was told', () => {
    fc.assert(
      fc.property(deliveries, ({ delivered, end }) => {
        const job = delivered.reduce(hear, aClaimedJob());

        const settled = settle(job);

        if (delivered.includes(end)) expect(settled.state).toBe(end.state);
        else expect(isEnd(settled.state)).toBe(false);
        expectSound(settled);
      }),
    );
  });

  it('stands where the furthest event says, whatever came late', () => {
    fc.assert(
      fc.property(deliveries, ({ delivered, end }) => {
        const alive = delivered.filter((told) => told !== end);
        const furthest = Math.max(0, ...alive.map(positionOf));

        const job = alive.reduce(hear, aClaimedJob());

        expect(job.state).toBe(stateAt[furthest % 10]);
        expect(job.attempt).toBe(Math.floor(furthest / 10));
      }),
    );
  });

  it('never leaves an end, and a job cancelled before its end was told stays cancelled', () => {
    fc.assert(
      fc.property(deliveries, fc.nat({ max: 40 }), ({ delivered }, moment) => {
        const before = delivered
          .slice(0, moment)
          .reduce((job, told) => settle(hear(job, told)), aClaimedJob());
        const cancelled = requestCancel(before, momentOf(99), 'the caller asked') ?? before;

        const after = delivered.slice(moment).reduce((job, told) => settle(hear(job, told)), cancelled);

        expect(isEnd(cancelled.state)).toBe(true);
        expect(after.state).toBe(cancelled.state);
        expect(after.transitions).toEqual(cancelled.transitions);
      }),
    );
  });
});
