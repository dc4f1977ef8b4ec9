import { ArnFormat, Stack } from 'aws-cdk-lib';
import { LogDriver } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { env } from '../../shared/config/env';
import type { StageConfig } from '../stages';
import type { ArtifactBucket } from './artifact-bucket';
import { asBucket } from './as-interface';
import { BatchPool } from './batch-pool';
import { ContainerHost } from './container-host';
import type { CustomerKey } from './customer-key';
import { EncryptedLogs } from './encrypted-logs';
import { jobImage } from './job-images';
import type { JobSession } from './job-session';
import { PrivateNetwork } from './private-network';
import type { Workload } from './workload';

export interface BatchFleetProps {
  stage: StageConfig;
  key: CustomerKey;
  artifacts: ArtifactBucket;
  session: JobSession;
}

/** Every machine that runs jobs. Nothing runs, and nothing is paid for, while no job waits, but the network's endpoints. */
export class BatchFleet extends Construct {
  readonly network: PrivateNetwork;
  readonly cpu: BatchPool;
  readonly gpu: BatchPool;

  constructor(scope: Construct, id: string, { stage, key, artifacts, session }: BatchFleetProps) {
    super(scope, id);
    this.network = new PrivateNetwork(this, 'Network', { stage, key, bucket: asBucket(artifacts.bucket) });
    const logs = new EncryptedLogs(this, 'ContainerLogs', { stage, key });
    const common = {
      network: this.network,
      host: new ContainerHost(this, 'Host', stage),
      jobRole: session.jobRole,
      environment: { ...session.environment, [env.INGOT_STAGE]: stage.name, [env.INGOT_LOG_LEVEL]: 'INFO' },
    };
    const logging = (streamPrefix: string) => LogDriver.awsLogs({ logGroup: logs.group, streamPrefix });
    this.cpu = new BatchPool(this, 'Cpu', {
      ...common,
      accelerator: 'cpu',
      maxVcpus: stage.cpuMaxVcpus,
      image: jobImage('cpu'),
      logging: logging('cpu'),
    });
    this.gpu = new BatchPool(this, 'Gpu', {
      ...common,
      accelerator: 'gpu',
      maxVcpus: stage.gpuMaxVcpus,
      image: jobImage('cuda'),
      logging: logging('gpu'),
    });
  }

  get jobQueueArns(): string[] {
    return [this.cpu.queue.jobQueueArn, this.gpu.queue.jobQueueArn];
  }

  /** Start runs on either queue, under tags that say whose they are, and stop them. */
  grantRun(runner: Workload): void {
    this.cpu.grantSubmit(runner);
    this.gpu.grantSubmit(runner);
    this.#grantOnRuns(runner, ['batch:TerminateJob', 'batch:TagResource']);
  }

  grantStop(runner: Workload): void {
    this.cpu.nameTo(runner);
    this.gpu.nameTo(runner);
    this.#grantOnRuns(runner, ['batch:TerminateJob']);
  }

  #grantOnRuns(runner: Workload, actions: readonly string[]): void {
    const arnFormat = ArnFormat.SLASH_RESOURCE_NAME;
    const runs = Stack.of(this).formatArn({
      service: 'batch',
      resource: 'job',
      resourceName: '*',
      arnFormat,
    });
    runner.allow({
      actions,
      resources: [runs],
      wildcards: {
        'Resource::arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:job/*':
          'Batch gives a run its id when it is submitted, so there is no name to grant before; the ids come from our records',
      },
    });
  }
}
