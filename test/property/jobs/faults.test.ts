import { cancelJob } from '../../../functions/usecases/cancel-job';
import { startJob } from '../../../functions/usecases/start-job';
import { submitInternalJob, submitJob } from '../../../functions/usecases/submit-job';
import { jobTransitions } from '../../../shared/contracts/job';
import { objectKeys } from '../../../shared/contracts/job-files';
import { isEnd, type JobRecord } from '../../../shared/stores/job-record';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { type FaultName, faultyPorts } from '../../unit/jobs/faulty-ports';
import { allOf, aReadyDataset, aTrainedModel, openPorts, wireJobs } from '../../unit/jobs/job-world';
import { scriptedRunner } from '../../unit/jobs/scripted-runner';
import { type Outcome, smallCloud } from '../../unit/jobs/small-cloud';

const trained: Outcome = { files: { 'model.onnx': 'onnx' }, result: aTrainedModel('penguins') };
const ingested: Outcome = {
  files: { 'data.parquet': 'rows', 'profile.json': '{}' },
  result: { type: 'dataset_ready', rows: 3, data: 'data.parquet', profile: 'profile.json' },
};

type OpenPorts = Awaited<ReturnType<typeof openPorts>>;

const laneCount = 4;
const mostTurns = 40;
const mostTries = 3;

describe('whatever goes wrong at whichever call', () => {
  /** Several clouds, for a sweep looks after every job of its own. */
  let lanes: OpenPorts[];
  beforeAll(async () => {
    lanes = await Promise.all(Array.from({ length: laneCount }, openPorts));
  });
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()));
  });

  interface Setting {
    ports: OpenPorts;
    fault: { name: FaultName; at: number };
    outcome?: Outcome;
    knowsTwins?: boolean;
  }

  async function setup({ ports, fault, outcome, knowsTwins = true }: Setting) {
    const clock = steppedClock();
    const runner = scriptedRunner({ knowsTwins });
    const cloud = { ...ports, queue: await ports.openQueue(clock), runner };
    const faulty = faultyPorts(cloud, fault);
    const tenant = aTenant();
    const world = { ...wireJobs(faulty, clock), restart: faulty.restart };
    /** The same stores, seen by somebody without troubles. */
    const sound = wireJobs(cloud, clock);
    const { turn } = smallCloud(world, cloud, outcome);

    async function untilAllEnded(): Promise<JobRecord[]> {
      for (let turns = 0; turns < mostTurns; turns += 1) {
        await turn();
        const { jobs } = await sound.jobs.list(tenant, { limit: 10, order: 'asc' });
        const open = (await allOf(sound.open.all())).filter((entry) => entry.tenant === tenant);
        if (jobs.every(({ state }) => isEnd(state)) && open.length === 0) return jobs;
      }
      throw new Error('a job did not end, or was never closed');
    }

    /** As a caller does who gets no answer. */
    async function insist<T>(call: () => Promise<T>): Promise<T> {
      for (let tries = 1; ; tries += 1) {
        try {
          return await call();
        } catch (error) {
          if (tries === mostTries) throw error;
        } finally {
          faulty.restart();
        }
      }
    }

    async function expectSound(job: JobRecord): Promise<void> {
      const states = job.transitions.map(({ state }) => state);
      for (const [index, state] of states.slice(1).entries()) {
        expect(jobTransitions[states[index] ?? 'failed']).toContain(state);
      }
      const { events } = await sound.events.read(job, { after: 0, limit: 1_000 });
      expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
      expect(events.flatMap(({ type, data }) => (type === 'state' ? [data.state] : []))).toEqual(states);
      expect(await allOf(ports.objects.list(objectKeys.checkpointPrefix(tenant, job.id)))).toEqual([]);
      const wanted = runner.runs.filter(({ request, stopped }) => request.jobId === job.id && !stopped);
      expect(wanted.length).toBeLessThanOrEqual(1);
    }

    return { world, sound, tenant, faulty, untilAllEnded, insist, expectSound, runner };
  }

  type Scene = Awaited<ReturnType<typeof setup>>;

  /** Plays the scene once for every call that it makes, with the fault at that call; the answer is how many it makes. */
  async function atEveryCall(
    setting: Omit<Setting, 'ports' | 'fault'> & { name: FaultName },
    play: (scene: Scene) => Promise<void>,
  ): Promise<number> {
    let next = 1;
    let calls = Number.POSITIVE_INFINITY;
    async function playOn(ports: OpenPorts): Promise<void> {
      for (let at = next; at <= calls; at = next) {
        next += 1;
        const scene = await setup({ ...setting, ports, fault: { name: setting.name, at } });
        await play(scene).catch((error: unknown) => {
          throw new Error(`with the fault at call ${at}`, { cause: error });
        });
        if (scene.faulty.calls() < at) calls = Math.min(calls, at - 1);
      }
    }
    await Promise.all(lanes.map(playOn));
    return calls;
  }

  const atWrites = ['dies behind a write', 'loses the answer to a write'] as const;
  const everywhere = [...atWrites, 'is refused a call'] as const;

  it.each(atWrites)('an upload becomes one data set by one job, where a process %s', async (name) => {
    const play = async ({ world, sound, tenant, insist, untilAllEnded, expectSound }: Scene) => {
      const id = world.ids.next('ds');
      await sound.datasets.create({ id, tenant, name: 'penguins' });
      const submission = { tenant, kind: 'ingest', spec: { dataset: id }, deduplicationKey: id } as const;

      await insist(() => submitInternalJob(world)(submission));
      const jobs = await untilAllEnded();

      expect(jobs).toHaveLength(1);
      for (const job of jobs) {
        expect(job.state).toBe('succeeded');
        expect(job.progress.metrics).toEqual({ loss: 0.5 });
        await expectSound(job);
      }
      expect(await sound.datasets.get({ tenant, id })).toMatchObject({ state: 'ready', job: jobs[0]?.id });
    };

    const calls = await atEveryCall({ name, outcome: ingested }, play);

    expect(calls).toBeGreaterThan(15);
  });

  it.each(atWrites)('an upload that cannot be read is rejected, where a process %s', async (name) => {
    const play = async ({ sound, tenant, untilAllEnded, expectSound }: Scene) => {
      const id = sound.ids.next('ds');
      await sound.datasets.create({ id, tenant, name: 'penguins' });
      await submitInternalJob(sound)({ tenant, kind: 'ingest', spec: { dataset: id } });

      const [job] = await untilAllEnded();

      expect(job).toMatchObject({ state: 'failed', error: { code: 'unusable_data' } });
      if (job !== undefined) await expectSound(job);
      expect(await sound.datasets.get({ tenant, id })).toMatchObject({ state: 'rejected', job: job?.id });
    };

    await atEveryCall({ name }, play);
  });

  it.each(everywhere)(
    'an accepted training ends with one model version, where a process %s',
    async (name) => {
      const play = async ({ sound, tenant, untilAllEnded, expectSound }: Scene) => {
        const dataset = await aReadyDataset(sound, tenant);
        const spec = { dataset, target: 'species', register: { name: 'penguins', alias: 'production' } };
        const { id } = await submitJob(sound)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });

        const [job] = await untilAllEnded();

        expect(job).toMatchObject({ id, state: 'succeeded', output: { model: { version: 1 } } });
        if (job !== undefined) await expectSound(job);
        expect((await sound.models.getModel({ tenant, name: 'penguins' }))?.latest_version).toBe(1);
      };

      const calls = await atEveryCall({ name, outcome: trained, knowsTwins: false }, play);

      expect(calls).toBeGreaterThan(15);
    },
  );

  it.each(atWrites)('a cancelled job has no effect and no run, where a process %s', async (name) => {
    const play = async ({ world, sound, tenant, insist, untilAllEnded, expectSound, runner }: Scene) => {
      const dataset = await aReadyDataset(sound, tenant);
      const spec = { dataset, target: 'species', register: { name: 'penguins', alias: 'production' } };
      const { id } = await submitJob(sound)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });
      await startJob(sound)({ tenant, jobId: id });

      await insist(() => cancelJob(world)({ tenant, jobId: id }));
      const [job] = await untilAllEnded();

      expect(job).toMatchObject({ id, state: 'cancelled' });
      if (job !== undefined) await expectSound(job);
      expect(runner.runs.filter(({ stopped }) => stopped === undefined)).toEqual([]);
      expect(await sound.models.getModel({ tenant, name: 'penguins' })).toBeUndefined();
    };

    await atEveryCall({ name, outcome: trained }, play);
  });
});
