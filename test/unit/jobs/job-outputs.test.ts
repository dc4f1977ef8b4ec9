import { listJobOutputs } from '../../../functions/usecases/list-job-outputs';
import { recordRunEvent } from '../../../functions/usecases/record-run-event';
import { startJob } from '../../../functions/usecases/start-job';
import { submitJob } from '../../../functions/usecases/submit-job';
import { objectKeys } from '../../../shared/contracts/job-files';
import { aTenant, steppedClock } from '../../support/embedded-stores';
import { allOf, aReadyDataset, aTrainedModel, leaveOutput, openPorts, wireJobs } from './job-world';
import { anEvent, scriptedRunner } from './scripted-runner';

describe('the files of a job', () => {
  let ports: Awaited<ReturnType<typeof openPorts>>;
  beforeAll(async () => {
    ports = await openPorts();
  });
  afterAll(() => ports.close());

  async function setup() {
    const runner = scriptedRunner();
    const world = wireJobs(
      { ...ports, queue: await ports.openQueue(steppedClock()), runner },
      steppedClock(),
    );
    const tenant = aTenant();
    const dataset = await aReadyDataset(world, tenant);
    const spec = { dataset, target: 'species', register: { name: 'penguins', alias: 'production' } };
    const { id } = await submitJob(world)({ tenant, kind: 'train', spec, timeout_seconds: 3_600 });
    await startJob(world)({ tenant, jobId: id });
    const record = recordRunEvent(world);
    const run = runner.runOf(id);
    const leave = (attempt: number, files: Record<string, string>) =>
      leaveOutput(
        world.objects,
        { tenant, jobId: id, attempt },
        { files: { 'model.onnx': 'onnx', ...files }, result: aTrainedModel('penguins') },
      );
    const list = (whose = tenant) => listJobOutputs(world)({ tenant: whose, jobId: id });
    return { world, tenant, id, run, record, leave, list };
  }

  it('are those of its manifest, each with a download for an hour and the type of its name', async () => {
    const { record, run, leave, list, id, tenant } = await setup();
    const files = { 'report.html': '<p>', 'report.json': '{}', 'test_rows.parquet': 'rows' };
    const { files: left } = await leave(1, files);
    await record(anEvent(run, 'running'));
    await record(anEvent(run, 'succeeded'));

    const { data, ...page } = await list();

    const prefix = objectKeys.attemptPrefix(tenant, id, 1);
    const allowed = data.map(({ download: { method, url } }) =>
      ports.uploads.verifyDownload({ method, url }),
    );
    expect(page).toEqual({ object: 'list', has_more: false });
    expect(data.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 }))).toEqual(
      ['model.onnx', 'report.html', 'report.json', 'test_rows.parquet'].map((name) => ({
        name,
        bytes: left[name]?.bytes,
        sha256: left[name]?.sha256,
      })),
    );
    expect(allowed).toEqual([
      { key: `${prefix}model.onnx`, contentType: 'application/octet-stream' },
      { key: `${prefix}report.html`, contentType: 'text/html; charset=utf-8' },
      { key: `${prefix}report.json`, contentType: 'application/json' },
      { key: `${prefix}test_rows.parquet`, contentType: 'application/octet-stream' },
    ]);
    expect(data[0]?.download).toMatchObject({ headers: {}, expires_at: '2026-01-01T01:00:00.000Z' });
  });

  it('are those of the attempt that succeeded, although nobody saw it begin', async () => {
    const { record, run, leave, list, world, tenant, id } = await setup();
    await leave(1, { 'first.txt': 'of an attempt that was interrupted when it was all but done' });
    await leave(2, { 'second.txt': 'of the attempt that ended well' });
    await record(anEvent(run, 'running'));
    await record({ ...anEvent(run, 'succeeded'), attempt: 2 });

    const { data } = await list();

    expect(data.map(({ name }) => name)).toEqual(['model.onnx', 'second.txt']);
    expect((await world.jobs.get(tenant, id))?.attempt).toBe(2);
  });

  it.each([
    ['runs', []],
    ['has failed', ['failed'] as const],
  ])('are none while it %s, whatever it has stored', async (_state, states) => {
    const { record, run, leave, list } = await setup();
    await leave(1, {});
    await record(anEvent(run, 'running'));
    for (const state of states) await record({ ...anEvent(run, state), exit_code: 65 });

    const { data } = await list();

    expect(data).toEqual([]);
  });

  it('are none where they were deleted since', async () => {
    const { record, run, leave, list, world, tenant, id } = await setup();
    await leave(1, {});
    await record(anEvent(run, 'succeeded'));
    const keys = await allOf(world.objects.list(objectKeys.jobPrefix(tenant, id)));
    for (const { key } of keys) await world.objects.remove(key);

    const { data } = await list();

    expect(data).toEqual([]);
  });

  it('fails for another tenant as for a job that is not there', async () => {
    const { record, run, leave, list } = await setup();
    await leave(1, {});
    await record(anEvent(run, 'succeeded'));

    const asking = list(aTenant());

    await expect(asking).rejects.toMatchObject({ name: 'NotFoundError', code: 'not_found' });
  });

  it('fails where the manifest is another one’s', async () => {
    const { record, run, leave, list, world, tenant, id } = await setup();
    const manifest = await leave(1, {});
    await record(anEvent(run, 'succeeded'));
    const forged = JSON.stringify({ ...manifest, attempt: 7 });
    await world.objects.put(objectKeys.manifest(tenant, id, 1), Buffer.from(forged));

    const asking = list();

    await expect(asking).rejects.toThrow(`the manifest of the run is of attempt 7 of job '${id}'`);
  });
});
