import {
  BatchClient,
  type KeyValuePair,
  type ResourceRequirement,
  SubmitJobCommand,
  type SubmitJobCommandInput,
  TerminateJobCommand,
} from '@aws-sdk/client-batch';
import type { JobResources } from '../../contracts/job';
import { PayloadTooLargeError } from '../../errors/request-errors';
import { DependencyError } from '../../errors/store-errors';
import type { BatchRunner, RunRequest } from '../../ports/batch-runner';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws } from './aws-errors';

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
const sharePriority = 1;

const isOnGpu = ({ accelerator }: JobResources) => accelerator === 'gpu';

const requirementsOf = (resources: JobResources): ResourceRequirement[] => [
  { type: 'VCPU', value: String(resources.vcpus) },
  { type: 'MEMORY', value: String(resources.memory_mib) },
  ...(isOnGpu(resources) ? [{ type: 'GPU' as const, value: '1' }] : []),
];

const environmentOf = (environment: RunRequest['environment']): KeyValuePair[] =>
  Object.entries(environment).map(([name, value]) => ({ name, value }));

/**
 * The SubmitJob request of a run. The job definition keeps the image, the role and the retry
 * strategy, whose attempts are those of the request; name, tags and
 * environment carry whose job it is, by which its events find back.
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
      environment: environmentOf(request.environment),
    },
    timeout: { attemptDurationSeconds: request.timeoutSeconds },
    tags: { 'ingot:tenant': request.tenant, 'ingot:job': request.jobId },
    propagateTags: true,
  };
}

/** AWS Batch. Of the same job submitted twice, the caller's own conditional write keeps the second away. */
export function batchRunner(options: BatchRunnerOptions): BatchRunner {
  const client = new BatchClient(awsClientConfig(options.connection));
  return {
    async submit(request) {
      const submission = submissionOf(request, options);
      const bytes = Buffer.byteLength(JSON.stringify(submission));
      if (bytes > largestRequestBytes) {
        throw new PayloadTooLargeError(
          `the job's environment makes a request of ${bytes} bytes, Batch takes ${largestRequestBytes}`,
        );
      }
      const { jobId } = await callAws('submit a Batch job', client.send(new SubmitJobCommand(submission)));
      if (jobId === undefined)
        throw new DependencyError('Batch answered without a job id', { retryable: true });
      return { runId: jobId };
    },
    async terminate(runId, reason) {
      await callAws('terminate a Batch job', client.send(new TerminateJobCommand({ jobId: runId, reason })));
    },
  };
}
