import { Duration, Size } from 'aws-cdk-lib';
import {
  Action,
  CfnComputeEnvironment,
  DefaultInstanceClass,
  EcsEc2ContainerDefinition,
  EcsJobDefinition,
  EcsMachineImageType,
  EcsVolume,
  FairshareSchedulingPolicy,
  JobQueue,
  JobStateTimeLimitActionsAction,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
  LinuxParameters,
  ManagedEc2EcsComputeEnvironment,
  type ManagedEc2EcsComputeEnvironmentProps,
  Reason,
  RetryStrategy,
} from 'aws-cdk-lib/aws-batch';
import { InstanceClass } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage, LogDriver } from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { env } from '../../shared/config/env';
import { jobAttempts } from '../../shared/contracts/job';
import { retryRules } from '../../shared/contracts/retry-rules';
import { acknowledgeWildcards } from './acknowledge';
import { asVpc } from './as-interface';
import { type ContainerHost, containerUser } from './container-host';
import type { PrivateNetwork } from './private-network';
import type { Workload } from './workload';

export type Accelerator = 'cpu' | 'gpu';

type Machines = Pick<
  ManagedEc2EcsComputeEnvironmentProps,
  'defaultInstanceClasses' | 'instanceClasses' | 'useOptimalInstanceClasses' | 'images'
>;

/** What Batch may start: current general-purpose machines of any size, or machines with one or more NVIDIA GPUs. */
const machinesOf: Readonly<Record<Accelerator, Machines>> = {
  cpu: {
    defaultInstanceClasses: [DefaultInstanceClass.X86_64],
    images: [{ imageType: EcsMachineImageType.ECS_AL2023 }],
  },
  gpu: {
    useOptimalInstanceClasses: false,
    instanceClasses: [InstanceClass.G6, InstanceClass.G5, InstanceClass.G4DN],
    images: [{ imageType: EcsMachineImageType.ECS_AL2023_NVIDIA }],
  },
};

/** The job definitions' own sizes; a submitted job brings its vCPUs, memory and timeout along. */
const containersOf = {
  cpu: { memory: Size.gibibytes(4), shared: Size.gibibytes(1), hardware: {}, provider: 'cpu' },
  gpu: { memory: Size.gibibytes(12), shared: Size.gibibytes(4), hardware: { gpu: 1 }, provider: 'cuda' },
} as const;

const variablesOf = {
  cpu: { queue: env.INGOT_CPU_QUEUE, definition: env.INGOT_CPU_DEFINITION },
  gpu: { queue: env.INGOT_GPU_QUEUE, definition: env.INGOT_GPU_DEFINITION },
} as const;

const retryStrategies = retryRules.map(({ action, ...when }) =>
  RetryStrategy.of(Action[action], Reason.custom(when)),
);

export interface BatchPoolProps {
  accelerator: Accelerator;
  maxVcpus: number;
  network: PrivateNetwork;
  host: ContainerHost;
  image: ContainerImage;
  jobRole: IRole;
  logging: LogDriver;
  environment: Readonly<Record<string, string>>;
}

/** Machines of one kind, spot first and on demand where there is no spot, with the queue and the job definition for them. */
export class BatchPool extends Construct {
  readonly queue: JobQueue;
  readonly definition: EcsJobDefinition;
  readonly #accelerator: Accelerator;

  constructor(scope: Construct, id: string, props: BatchPoolProps) {
    super(scope, id);
    this.#accelerator = props.accelerator;
    this.queue = new JobQueue(this, 'Queue', {
      priority: 10,
      // shares that the policy does not list weigh the same: each tenant is one
      schedulingPolicy: new FairshareSchedulingPolicy(this, 'FairShare', { shareDecay: Duration.hours(1) }),
      computeEnvironments: [
        { order: 1, computeEnvironment: this.#machines('Spot', props) },
        { order: 2, computeEnvironment: this.#machines('OnDemand', props) },
      ],
      jobStateTimeLimitActions: hopelessWaits,
    });
    this.definition = new EcsJobDefinition(this, 'Definition', {
      container: this.#container(props),
      retryAttempts: jobAttempts,
      retryStrategies,
      timeout: Duration.days(1),
    });
  }

  grantSubmit(workload: Workload): void {
    workload.allow({
      actions: ['batch:SubmitJob'],
      resources: [this.queue.jobQueueArn, this.definition.jobDefinitionArn],
    });
    // finds the run that a dispatcher submitted before it died
    workload.allow({
      actions: ['batch:ListJobs'],
      resources: ['*'],
      wildcards: {
        'Resource::*':
          'IAM cannot narrow batch:ListJobs to a queue: the action knows no resources; it reads names and states, no data',
      },
    });
    this.nameTo(workload);
  }

  /** Whoever wires a runner must know the queues, even where it only stops runs. */
  nameTo(workload: Workload): void {
    const { queue, definition } = variablesOf[this.#accelerator];
    workload.setVariable(queue, this.queue.jobQueueArn);
    workload.setVariable(definition, this.definition.jobDefinitionArn);
  }

  #machines(market: 'Spot' | 'OnDemand', { accelerator, maxVcpus, network, host }: BatchPoolProps) {
    const environment = new ManagedEc2EcsComputeEnvironment(this, market, {
      ...machinesOf[accelerator],
      spot: market === 'Spot',
      vpc: asVpc(network.vpc),
      securityGroups: [network.machines],
      instanceRole: host.role,
      launchTemplate: host.launchTemplate,
      minvCpus: 0,
      maxvCpus: maxVcpus,
      replaceComputeEnvironment: false,
      terminateOnUpdate: false,
      updateTimeout: Duration.hours(24),
    });
    const resource = environment.node.defaultChild;
    if (CfnComputeEnvironment.isCfnComputeEnvironment(resource)) {
      // else Batch keeps to the template's first version for ever
      resource.addPropertyOverride(
        'ComputeResources.LaunchTemplate.Version',
        host.launchTemplate.latestVersionNumber,
      );
    }
    return environment;
  }

  #container({
    accelerator,
    image,
    jobRole,
    logging,
    environment,
  }: BatchPoolProps): EcsEc2ContainerDefinition {
    const { memory, shared, hardware, provider } = containersOf[accelerator];
    const definition = new EcsEc2ContainerDefinition(this, 'Container', {
      ...hardware,
      image,
      jobRole,
      logging,
      memory,
      cpu: 2,
      user: `${containerUser}:${containerUser}`,
      readonlyRootFilesystem: true,
      environment: { ...environment, [env.INGOT_PROVIDER]: provider, [env.INGOT_CLOUD]: 'aws' },
      linuxParameters: new LinuxParameters(this, 'Linux', {
        sharedMemorySize: shared,
        initProcessEnabled: true,
      }),
      // a volume on the machine's encrypted disk that goes with the container
      volumes: [EcsVolume.host({ name: 'scratch', containerPath: '/scratch' })],
    });
    acknowledgeWildcards(definition.executionRole, {
      'Resource::*': 'ecr:GetAuthorizationToken has no resource to name; layers are granted by repository',
    });
    return definition;
  }
}

/** A wait that no machine of this pool can ever end: the job fails in minutes and says why, instead of at its deadline. */
const hopelessWaits = [
  JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
  JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT,
].map((reason) => ({
  action: JobStateTimeLimitActionsAction.CANCEL,
  state: JobStateTimeLimitActionsState.RUNNABLE,
  maxTime: Duration.minutes(10),
  reason,
}));
