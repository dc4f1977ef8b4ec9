import { randomUUID } from 'node:crypto';
import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DescribeJobsCommand,
  RegisterJobDefinitionCommand,
} from '@aws-sdk/client-batch';
import { awsClientConfig } from '../../shared/adapters/aws/aws-client';
import { batchRunner, submissionOf } from '../../shared/adapters/aws/batch-runner';
import { retryRules } from '../../shared/contracts/retry-rules';
import { PayloadTooLargeError } from '../../shared/errors/request-errors';
import type { RunRequest } from '../../shared/ports/batch-runner';
import { accountId, describeOnMoto, moto } from '../support/moto';

const client = new BatchClient(awsClientConfig(moto));

/** moto wants the compute environment's role to be there; IAM's API is a form. */
const createRole = async (name: string): Promise<string> => {
  const form = new URLSearchParams({
    Action: 'CreateRole',
    Version: '2010-05-08',
    RoleName: name,
    AssumeRolePolicyDocument: '{}',
  });
  const authorization =
    'AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0';
  await fetch(moto.endpoint, { method: 'POST', body: form, headers: { authorization } });
  return `arn:aws:iam::${accountId}:role/${name}`;
};

const target = async (name: string) => {
  const unmanaged = {
    computeEnvironmentName: randomUUID(),
    type: 'UNMANAGED',
    state: 'ENABLED',
    serviceRole: await createRole('batch'),
  } as const;
  const { computeEnvironmentArn: computeEnvironment } = await client.send(
    new CreateComputeEnvironmentCommand(unmanaged),
  );
  const order = {
    jobQueueName: `${name}-${randomUUID()}`,
    priority: 1,
    computeEnvironmentOrder: [{ order: 1, computeEnvironment }],
  };
  const { jobQueueArn = '' } = await client.send(new CreateJobQueueCommand({ ...order, state: 'ENABLED' }));
  const containerProperties = { image: 'ingot', vcpus: 1, memory: 512, command: ['sleep', '600'] };
  const definition = {
    jobDefinitionName: `${name}-${randomUUID()}`,
    type: 'container',
    containerProperties,
  } as const;
  const { jobDefinitionArn = '' } = await client.send(new RegisterJobDefinitionCommand(definition));
  return { queue: jobQueueArn, definition: jobDefinitionArn };
};

const aRun = (change: Partial<RunRequest> = {}): RunRequest => ({
  jobId: `job_${randomUUID()}`,
  tenant: 'acme.eu',
  shareIdentifier: 'acmeeu1',
  resources: { accelerator: 'auto', vcpus: 2, memory_mib: 4096 },
  timeoutSeconds: 3600,
  attempts: 3,
  environment: { INGOT_JOB_ID: 'job_1', INGOT_ORDER: '{"kind":"train"}' },
  ...change,
});

const onGpu = { accelerator: 'gpu', vcpus: 4, memory_mib: 16_384 } as const;

const setup = async () => {
  // without it, moto would start containers with Docker
  await fetch(`${moto.endpoint}/moto-api/config`, {
    method: 'POST',
    body: JSON.stringify({ batch: { use_docker: false } }),
  });
  const [cpu, gpu] = [await target('cpu'), await target('gpu')];
  const describeRun = async (runId: string) =>
    (await client.send(new DescribeJobsCommand({ jobs: [runId] }))).jobs?.[0];
  return { cpu, gpu, describeRun, runner: batchRunner({ cpu, gpu, connection: moto }) };
};

describeOnMoto('the Batch runner', () => {
  it.each([
    { resources: aRun().resources, where: 'cpu' as const },
    { resources: { ...aRun().resources, accelerator: 'cpu' as const }, where: 'cpu' as const },
    { resources: onGpu, where: 'gpu' as const },
  ])(
    'submits a run for $resources.accelerator to the $where queue and definition',
    async ({ resources, where }) => {
      const targets = await setup();
      const run = aRun({ resources });

      const { runId } = await targets.runner.submit(run);

      const job = await targets.describeRun(runId);
      expect(job).toMatchObject({
        jobName: run.jobId,
        jobQueue: targets[where].queue,
        jobDefinition: targets[where].definition,
      });
      expect(job?.timeout).toEqual({ attemptDurationSeconds: 3600 });
      expect(job?.container?.environment).toEqual(
        expect.arrayContaining([{ name: 'INGOT_JOB_ID', value: 'job_1' }]),
      );
    },
  );

  it('gives one run to a job that is submitted twice', async () => {
    const { runner } = await setup();
    const run = aRun();

    const first = await runner.submit(run);
    const second = await runner.submit(run);
    const another = await runner.submit(aRun());

    expect(second).toEqual(first);
    expect(another).not.toEqual(first);
  });

  it('terminates a run, and takes what has ended or was never there as done', async () => {
    const { runner, describeRun } = await setup();
    const { runId } = await runner.submit(aRun());

    await runner.terminate(runId, 'cancelled by its owner');
    await runner.terminate(runId, '');
    await runner.terminate(randomUUID(), 'x'.repeat(5000));

    expect((await describeRun(runId))?.status).toMatch(/FAILED|SUCCEEDED/);
  });

  it('fails, not retryable, for a queue that is not there', async () => {
    const { cpu, gpu } = await setup();
    const runner = batchRunner({ cpu: { ...cpu, queue: 'none' }, gpu, connection: moto });

    const submitting = runner.submit(aRun());

    await expect(submitting).rejects.toMatchObject({ name: 'DependencyError', retryable: false });
  });

  it.each([
    { what: 'more overrides than ECS takes', bytes: 8000, says: 'but Batch takes 7168' },
    { what: 'a larger request than Batch takes', bytes: 40_000, says: 'but Batch takes 30720' },
  ])('refuses $what', async ({ bytes, says }) => {
    const { runner } = await setup();

    const submitting = runner.submit(aRun({ environment: { INGOT_ORDER: 'x'.repeat(bytes) } }));

    await expect(submitting).rejects.toBeInstanceOf(PayloadTooLargeError);
    await expect(submitting).rejects.toThrow(says);
  });

  it('asks for all that moto does not keep: shares, priority, machines, retries and tags', () => {
    const target = { queue: 'q', definition: 'd' };

    const submission = submissionOf(aRun({ resources: onGpu, attempts: 50, timeoutSeconds: 5 }), {
      cpu: target,
      gpu: target,
    });

    expect(submission).toMatchObject({
      shareIdentifier: 'acmeeu1',
      schedulingPriorityOverride: 1,
      timeout: { attemptDurationSeconds: 60 },
      retryStrategy: { attempts: 10, evaluateOnExit: retryRules },
      tags: { 'ingot:tenant': 'acme.eu' },
      propagateTags: true,
    });
    expect(submission.containerOverrides?.resourceRequirements).toEqual([
      { type: 'VCPU', value: '4' },
      { type: 'MEMORY', value: '16384' },
      { type: 'GPU', value: '1' },
    ]);
    expect(retryRules.at(-1)).toEqual({ onReason: '*', action: 'EXIT' });
  });
});
