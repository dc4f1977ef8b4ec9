import { batchJobEvent, runEventsOf } from '../../../functions/events/batch-job-event';
import { recordRunEvents } from '../../../functions/events/record-run-events';
import type { RunEvent } from '../../../shared/contracts/events';

const runId = '4c7599ae-0a82-49aa-ba5a-4727fcce14a8';
const arn = `arn:aws:batch:us-east-1:123456789012:job/${runId}`;
const jobId = 'job_01J00000000000000000000000';

const anAttempt = (container: Record<string, unknown>, statusReason?: string) => ({
  container: {
    containerInstanceArn: 'arn:aws:ecs:us-east-1:123456789012:container-instance/c/1',
    taskArn: 'arn:aws:ecs:us-east-1:123456789012:task/c/1',
    logStreamName: 'ingot/default/1',
    networkInterfaces: [],
    ...container,
  },
  startedAt: 1641944300000,
  stoppedAt: 1641944400000,
  ...(statusReason === undefined ? {} : { statusReason }),
});

interface Facts {
  detailType?: string;
  environment?: { name: string; value: string }[];
  container?: Record<string, unknown>;
  [field: string]: unknown;
}

/** The example of the AWS Batch user guide, with our container in it. */
const anEvent = ({ detailType = 'Batch Job State Change', environment, container, ...detail }: Facts) => ({
  version: '0',
  id: 'c8f9c4b5-76e5-d76a-f980-7011e206042b',
  'detail-type': detailType,
  source: 'aws.batch',
  account: '123456789012',
  time: '2026-01-11T23:36:40Z',
  region: 'us-east-1',
  resources: [arn],
  detail: {
    jobArn: arn,
    jobName: jobId,
    jobId: runId,
    jobQueue: 'arn:aws:batch:us-east-1:123456789012:job-queue/ingot-cpu',
    status: 'RUNNABLE',
    attempts: [],
    createdAt: 1641944200058,
    retryStrategy: { attempts: 3, evaluateOnExit: [] },
    dependsOn: [],
    jobDefinition: 'arn:aws:batch:us-east-1:123456789012:job-definition/ingot-cpu:1',
    parameters: {},
    container: {
      image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/ingot:latest',
      command: [],
      volumes: [],
      environment: environment ?? [
        { name: 'INGOT_TENANT', value: 'acme' },
        { name: 'INGOT_JOB_ID', value: jobId },
        { name: 'INGOT_JOB_TOKEN', value: 'secret' },
      ],
      mountPoints: [],
      ulimits: [],
      networkInterfaces: [],
      resourceRequirements: [{ value: '2', type: 'VCPU' }],
      secrets: [],
      ...container,
    },
    tags: { resourceArn: arn },
    propagateTags: false,
    platformCapabilities: [],
    ...detail,
  },
});

const read = (event: unknown) => runEventsOf(batchJobEvent.parse(event));

const told = (facts: Partial<RunEvent>) => ({
  tenant: 'acme',
  job_id: jobId,
  run_id: runId,
  at: '2026-01-11T23:36:40.000Z',
  ...facts,
});

const reclaimed = anAttempt({ reason: '' }, 'Host EC2 (instance i-0a1b2c3d) terminated.');
const retried = anAttempt({ exitCode: 75 }, 'Essential container in task exited');

describe('what AWS Batch tells', () => {
  it.each([
    {
      title: 'a job that was submitted',
      event: anEvent({ status: 'SUBMITTED' }),
      events: [{ state: 'waiting', attempt: 1, reason: 'waiting for a machine' }],
    },
    {
      title: 'a job that is runnable',
      event: anEvent({ status: 'RUNNABLE' }),
      events: [{ state: 'waiting', attempt: 1, reason: 'waiting for a machine' }],
    },
    {
      title: 'a container that starts',
      event: anEvent({ status: 'STARTING' }),
      events: [{ state: 'starting', attempt: 1 }],
    },
    {
      title: 'a first attempt that runs',
      event: anEvent({ status: 'RUNNING', startedAt: 1641944300000 }),
      events: [{ state: 'running', attempt: 1 }],
    },
    {
      title: 'an attempt that is listed before it has ended',
      event: anEvent({ status: 'RUNNING', attempts: [{ container: {}, startedAt: 1641944300000 }] }),
      events: [{ state: 'running', attempt: 1 }],
    },
    {
      title: 'a spot machine that was taken away',
      event: anEvent({ status: 'RUNNABLE', attempts: [reclaimed] }),
      events: [
        { state: 'interrupted', attempt: 1, reason: 'Host EC2 (instance i-0a1b2c3d) terminated.' },
        { state: 'waiting', attempt: 2, reason: 'waiting for a machine' },
      ],
    },
    {
      title: 'a second attempt that runs',
      event: anEvent({ status: 'RUNNING', attempts: [reclaimed] }),
      events: [{ state: 'running', attempt: 2 }],
    },
    {
      title: 'a third attempt that waits',
      event: anEvent({ status: 'RUNNABLE', attempts: [reclaimed, retried] }),
      events: [
        { state: 'interrupted', attempt: 2, exit_code: 75, reason: 'Essential container in task exited' },
        { state: 'waiting', attempt: 3, reason: 'waiting for a machine' },
      ],
    },
    {
      title: 'a success',
      event: anEvent({
        status: 'SUCCEEDED',
        statusReason: 'Essential container in task exited',
        attempts: [anAttempt({ exitCode: 0 }, 'Essential container in task exited')],
        container: { exitCode: 0 },
      }),
      events: [
        { state: 'succeeded', attempt: 1, exit_code: 0, reason: 'Essential container in task exited' },
      ],
    },
    {
      title: 'too little memory',
      event: anEvent({
        status: 'FAILED',
        statusReason: 'Essential container in task exited',
        attempts: [
          anAttempt({ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }),
        ],
        container: { exitCode: 137 },
      }),
      events: [
        {
          state: 'failed',
          attempt: 1,
          exit_code: 137,
          reason:
            'Essential container in task exited; OutOfMemoryError: Container killed due to memory usage',
        },
      ],
    },
    {
      title: 'a run that was stopped before it started',
      event: anEvent({ status: 'FAILED', statusReason: 'cancelled by its owner' }),
      events: [{ state: 'failed', attempt: 1, reason: 'cancelled by its owner' }],
    },
    {
      title: 'the last of three attempts',
      event: anEvent({
        status: 'FAILED',
        statusReason: 'Host EC2 (instance i-0a1b2c3d) terminated.',
        attempts: [retried, retried, reclaimed],
      }),
      events: [{ state: 'failed', attempt: 3, reason: 'Host EC2 (instance i-0a1b2c3d) terminated.' }],
    },
  ])('reads $title', ({ event, events }) => {
    expect(read(event)).toEqual(events.map((facts) => told(facts as Partial<RunEvent>)));
  });

  it.each([
    [
      'CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for instance type [g6.xlarge]',
      'waiting for capacity',
    ],
    [
      'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job queue.',
      'blocked by a quota',
    ],
    [
      'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job queue.',
      'no machine of the compute environments is as large',
    ],
    [
      'MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS – Batch service role has a permission issue.',
      'blocked by a misconfiguration of the deployment',
    ],
    [
      'ACTION_REQUIRED - CE(s) associated with the job queue are invalid.',
      'until an operator mends the compute environments',
    ],
    ['UNDETERMINED - Batch job is blocked, root cause is undetermined.', 'cannot tell why'],
    ['something new', 'something new'],
  ])('says why a queue is blocked: %s', (statusReason, words) => {
    const [event] = read(anEvent({ detailType: 'Batch Job Queue Blocked', statusReason }));

    expect(event).toMatchObject({ state: 'waiting', attempt: 1 });
    expect(event?.reason).toContain(words);
    expect(event?.reason).toContain(statusReason);
  });

  it('knows a job by the tags of its run', () => {
    const tags = { resourceArn: arn, 'ingot:tenant': 'acme', 'ingot:job': jobId };

    const [event] = read(anEvent({ environment: [], tags }));

    expect(event).toMatchObject({ tenant: 'acme', job_id: jobId });
  });

  it('knows a job by its variables, where the run has no tags', () => {
    const [event] = read(anEvent({}));

    expect(event).toMatchObject({ tenant: 'acme', job_id: jobId });
  });

  it.each([
    { title: 'no variables', environment: [] },
    { title: 'a job without a tenant', environment: [{ name: 'INGOT_JOB_ID', value: jobId }] },
    {
      title: 'a tenant that is none',
      environment: [
        { name: 'INGOT_TENANT', value: '../x' },
        { name: 'INGOT_JOB_ID', value: jobId },
      ],
    },
  ])('leaves a run with $title alone', ({ environment }) => {
    expect(read(anEvent({ environment }))).toEqual([]);
  });
});

describe('the handler of AWS Batch events', () => {
  function setup(recordRunEvent = async (_event: RunEvent): Promise<void> => undefined) {
    const lines: string[] = [];
    const recorded: RunEvent[] = [];
    const write = (message: string) => void lines.push(message);
    const handle = recordRunEvents({
      recordRunEvent: async (event) => {
        await recordRunEvent(event);
        recorded.push(event);
      },
      log: { info: write, warn: write, error: write },
    });
    return { handle, lines, recorded };
  }

  it('records the interruption before the wait', async () => {
    const { handle, recorded } = setup();

    await handle(anEvent({ attempts: [reclaimed] }));

    expect(recorded.map(({ state }) => state)).toEqual(['interrupted', 'waiting']);
  });

  it('fails where the record fails, for Lambda to try again', async () => {
    const { handle } = setup(async () => {
      throw new Error('no table');
    });

    await expect(handle(anEvent({}))).rejects.toThrow('no table');
  });

  it.each([
    { title: 'no event of Batch', event: { source: 'aws.s3' }, line: 'dropped an event of AWS Batch' },
    {
      title: 'an unknown status',
      event: anEvent({ status: 'DREAMING' }),
      line: 'dropped an event of AWS Batch',
    },
    {
      title: 'a run of nobody',
      event: anEvent({ environment: [] }),
      line: 'a run of AWS Batch names no job',
    },
  ])('drops $title, and says so', async ({ event, line }) => {
    const { handle, lines, recorded } = setup();

    await handle(event);

    expect(recorded).toEqual([]);
    expect(lines).toEqual([line]);
  });
});
