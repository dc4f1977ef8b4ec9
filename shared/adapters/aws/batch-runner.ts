import {
  BatchClient,
  type KeyValuePair,
  ListJobsCommand,
  type ResourceRequirement,
  SubmitJobCommand,
  type SubmitJobCommandInput,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import { env } from '../../config/env';
import type { JobResources } from '../../contracts/job';
import { retryRules } from '../../contracts/retry-rules';
import { PayloadTooLargeError } from '../../errors/request-errors';
import { DependencyError } from '../../errors/store-errors';
import type { BatchRunner, RunRequest } from '../../ports/batch-runner';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws, explainAwsError, isAccessDenied } from './aws-errors';

/** Name or ARN of a job queue, and of the job definition that its jobs are made from. */
export interface BatchTarget {
  queue: string;
  definition: string;
}

export interface BatchRunnerOptions {
  cpu: BatchTarget;
  gpu: BatchTarget;
  connection?: AwsConnection;
}

/** Of a whole SubmitJob request (AWS Batch quotas). */
const largestRequestBytes = 30 * 1024;
/** Of the overrides that Batch hands to ECS, which takes 8,192 characters with what Batch adds of its own. */
const longestOverrides = 8192 - 1024;
const sharePriority = 1;
const mostAttempts = 10;
const shortestTimeoutSeconds = 60;
const longestReason = 1000;

const isOnGpu = ({ accelerator }: JobResources) => accelerator === 'gpu';

const requirementsOf = (resources: JobResources): ResourceRequirement[] => [
  { type: 'VCPU', value: String(resources.vcpus) },
  { type: 'MEMORY', value: String(resources.memory_mib) },
  ...(isOnGpu(resources) ? [{ type: 'GPU' as const, value: '1' }] : []),
];

/** As many threads as the job has vCPUs. */
const environmentOf = ({ environment, resources }: RunRequest): KeyValuePair[] =>
  Object.entries({ [env.INGOT_THREADS]: String(resources.vcpus), ...environment }).map(([name, value]) => ({
    name,
    value,
  }));

/**
 * The SubmitJob request of a run. The job definition keeps image and roles; name, tags and environment carry whose job
 * it is, by which its events find back. Batch takes at most ten attempts, and no timeout below a minute.
 */
export function submissionOf(
  request: RunRequest,
  { cpu, gpu }: Pick<BatchRunnerOptions, 'cpu' | 'gpu'>,
): SubmitJobCommandInput {
  const { queue, definition } = isOnGpu(request.resources) ? gpu : cpu;
  return {
    jobName: request.jobId,
    jobQueue: queue,
    jobDefinition: definition,
    shareIdentifier: request.shareIdentifier,
    schedulingPriorityOverride: sharePriority,
    containerOverrides: {
      resourceRequirements: requirementsOf(request.resources),
      environment: environmentOf(request),
    },
    timeout: { attemptDurationSeconds: Math.max(shortestTimeoutSeconds, request.timeoutSeconds) },
    retryStrategy: { attempts: Math.min(mostAttempts, request.attempts), evaluateOnExit: [...retryRules] },
    tags: { 'ingot:tenant': request.tenant, 'ingot:job': request.jobId },
    propagateTags: true,
  };
}

const refuseTooLarge = (submission: SubmitJobCommandInput): void => {
  const measures = [
    { what: 'request', size: Buffer.byteLength(JSON.stringify(submission)), most: largestRequestBytes },
    {
      what: 'set of container overrides',
      size: JSON.stringify(submission.containerOverrides).length,
      most: longestOverrides,
    },
  ];
  const broken = measures.find(({ size, most }) => size > most);
  if (broken !== undefined)
    throw new PayloadTooLargeError(
      `the job's environment makes a ${broken.what} of ${broken.size} bytes, but Batch takes ${broken.most}: keep long values in objects`,
    );
};

/** The run that this job has already, of whatever state: Batch remembers for a day at least. Undefined also where this process may not ask. */
const findRun = async (
  client: BatchClient,
  { jobName, jobQueue }: SubmitJobCommandInput,
): Promise<string | undefined> => {
  const filters = [{ name: 'JOB_NAME', values: [jobName ?? ''] }];
  try {
    const { jobSummaryList = [] } = await client.send(new ListJobsCommand({ jobQueue, filters }));
    return jobSummaryList.find((summary) => summary.jobName === jobName)?.jobId;
  } catch (error) {
    if (isAccessDenied(error)) return undefined;
    throw explainAwsError('look for a Batch job', error);
  }
};

const submit = async (client: BatchClient, submission: SubmitJobCommandInput): Promise<string> => {
  const { jobId } = await callAws('submit a Batch job', client.send(new SubmitJobCommand(submission)));
  if (jobId === undefined) throw new DependencyError('Batch answered without a job id', { retryable: true });
  return jobId;
};

const isForgotten = (error: unknown): boolean => /does not exist|not found/i.test(String(error));

const terminate = async (client: BatchClient, runId: string, reason: string): Promise<void> => {
  const command = new TerminateJobCommand({
    jobId: runId,
    reason: reason.slice(0, longestReason) || 'no reason given',
  });
  await client.send(command).catch((error: unknown) => {
    if (!isForgotten(error)) throw explainAwsError('terminate a Batch job', error);
  });
};

/**
 * Runs on AWS Batch. A job that was submitted before, as by a dispatcher that died before it could note so, is found by
 * its name and not submitted again; of two submits at the same instant Batch cannot tell, a conditional write must.
 */
export function batchRunner(options: BatchRunnerOptions): BatchRunner {
  const client = new BatchClient(awsClientConfig(options.connection));
  return {
    async submit(request) {
      const submission = submissionOf(request, options);
      refuseTooLarge(submission);
      return { runId: (await findRun(client, submission)) ?? (await submit(client, submission)) };
    },
    terminate: (runId, reason) => terminate(client, runId, reason),
  };
}
