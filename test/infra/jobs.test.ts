import { containerUser } from '../../infra/constructs/container-host';
import { objectKeys } from '../../shared/contracts/job-files';
import { refersTo, synthesize } from './synthesize';

const { ofType, functions } = synthesize();

describe.each([
  ['FleetCpu', { image: 'ECS_AL2023', gpus: [], types: ['default_x86_64'] }],
  ['FleetGpu', { image: 'ECS_AL2023_NVIDIA', gpus: ['1'], types: ['g6', 'g5', 'g4dn'] }],
])('the pool %s', (pool, { image, gpus, types }) => {
  const ofPool = (type: string) => ofType(type).filter(({ id }) => id.startsWith(pool));
  const definition = ofPool('Batch::JobDefinition')[0]?.properties;

  it('starts spot machines first and on-demand machines where there are none, and keeps none', () => {
    const machines = new Map(
      ofPool('Batch::ComputeEnvironment').map(({ id, properties }) => [id, properties.ComputeResources]),
    );
    const order: { ComputeEnvironment: { 'Fn::GetAtt': [string] } }[] =
      ofPool('Batch::JobQueue')[0]?.properties.ComputeEnvironmentOrder;

    const inOrder = order.map(({ ComputeEnvironment }) => machines.get(ComputeEnvironment['Fn::GetAtt'][0]));

    expect(inOrder).toEqual([
      expect.objectContaining({
        Type: 'SPOT',
        MinvCpus: 0,
        InstanceTypes: types,
        Ec2Configuration: [{ ImageType: image }],
      }),
      expect.objectContaining({
        Type: 'EC2',
        MinvCpus: 0,
        InstanceTypes: types,
        Ec2Configuration: [{ ImageType: image }],
      }),
    ]);
  });

  it('starts machines from the newest launch template, in private subnets, in the group that nobody can reach', () => {
    const resources = ofPool('Batch::ComputeEnvironment').map(
      ({ properties }) => properties.ComputeResources,
    );

    for (const { LaunchTemplate, Subnets, SecurityGroupIds } of resources) {
      expect(JSON.stringify(LaunchTemplate.Version)).toContain('LatestVersionNumber');
      expect(Subnets).toHaveLength(2);
      expect(refersTo(SecurityGroupIds, 'FleetNetworkMachines')).toBe(true);
    }
  });

  it('shares its machines fairly among tenants', () => {
    const [policy] = ofPool('Batch::SchedulingPolicy');

    expect(
      refersTo(ofPool('Batch::JobQueue')[0]?.properties.SchedulingPolicyArn, policy?.id ?? 'no policy'),
    ).toBe(true);
  });

  it('cancels what no machine of it can ever run', () => {
    const actions = ofPool('Batch::JobQueue')[0]?.properties.JobStateTimeLimitActions;

    expect(actions).toEqual([
      expect.objectContaining({
        Action: 'CANCEL',
        Reason: 'MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE',
      }),
      expect.objectContaining({ Action: 'CANCEL', Reason: 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT' }),
    ]);
  });

  it('retries what another attempt can mend, and nothing else', () => {
    expect(definition?.RetryStrategy.EvaluateOnExit).toEqual([
      { Action: 'RETRY', OnStatusReason: 'Host EC2*' },
      { Action: 'RETRY', OnExitCode: '75' },
      { Action: 'RETRY', OnReason: 'CannotPullContainerError:*' },
      { Action: 'EXIT', OnReason: '*' },
    ]);
  });

  it('runs containers as nobody in particular, with a read-only root, an init, shared memory, a scratch volume and a timeout', () => {
    const container = definition?.ContainerProperties;
    const count = container.ResourceRequirements.filter(({ Type }: { Type: string }) => Type === 'GPU');

    expect(container).toMatchObject({
      User: `${containerUser}:${containerUser}`,
      ReadonlyRootFilesystem: true,
      LinuxParameters: { InitProcessEnabled: true, SharedMemorySize: expect.any(Number) },
      MountPoints: [{ ContainerPath: '/scratch', SourceVolume: 'scratch' }],
      LogConfiguration: { LogDriver: 'awslogs' },
    });
    expect(container.Privileged).toBeUndefined();
    expect(count.map(({ Value }: { Value: string }) => Value)).toEqual(gpus);
    expect(definition?.Timeout.AttemptDurationSeconds).toBe(86_400);
  });
});

describe('the machines that run containers', () => {
  it('keep their metadata from the user of the containers', () => {
    const [template] = ofType('EC2::LaunchTemplate');

    expect(JSON.stringify(template?.properties.LaunchTemplateData.UserData)).toContain(
      `--uid-owner ${containerUser} -j REJECT`,
    );
  });

  it('are in a network without a way to or from the internet', () => {
    expect(ofType('EC2::InternetGateway', 'EC2::NatGateway', 'EC2::EIP')).toEqual([]);
    expect(
      ofType('EC2::SecurityGroup').flatMap(({ properties }) => properties.SecurityGroupIngress ?? []),
    ).toEqual([]);
    expect(
      ofType('EC2::SecurityGroupIngress').map(({ properties }) => [properties.FromPort, properties.ToPort]),
    ).toEqual([[443, 443]]);
  });

  it('reach the services that jobs and the ECS agent call, and the objects of Ingot alone', () => {
    // com.amazonaws.<region>.<service>, as a reference inside a join
    const services = ofType('EC2::VPCEndpoint').map(({ properties }) => {
      const parts: unknown[] = properties.ServiceName['Fn::Join'][1];
      return String(parts.at(-1)).slice(1);
    });
    const objects = ofType('EC2::VPCEndpoint').find(
      ({ properties }) => properties.VpcEndpointType === 'Gateway',
    );

    expect(services.sort()).toEqual(
      ['ecr.api', 'ecr.dkr', 'ecs', 'ecs-agent', 'ecs-telemetry', 'lambda', 'logs', 's3', 'sqs'].sort(),
    );
    expect(JSON.stringify(objects?.properties.PolicyDocument)).toContain('ArtifactsObjects');
    expect(JSON.stringify(objects?.properties.PolicyDocument)).not.toContain('"Resource":"*"');
  });

  it('reach the internet through one NAT gateway, and need no endpoints, where the stage says so', () => {
    const { ofType: of } = synthesize({ egress: 'nat' });

    expect(of('EC2::NatGateway')).toHaveLength(1);
    expect(of('EC2::VPCEndpoint')).toHaveLength(1);
  });

  it.each([
    ['dev', 1],
    ['prod', 2],
  ])('pay for interface endpoints of %s in %i zones', (stage, zones) => {
    const { ofType: of } = stage === 'dev' ? { ofType } : synthesize({ stage });

    const interfaces = of('EC2::VPCEndpoint').filter(
      ({ properties }) => properties.VpcEndpointType === 'Interface',
    );

    expect(interfaces.map(({ properties }) => properties.SubnetIds.length)).toEqual(
      interfaces.map(() => zones),
    );
  });
});

describe('the queues', () => {
  const sourceOf = (name: 'dispatch-jobs' | 'record-container-events') =>
    ofType('Lambda::EventSourceMapping').find(({ properties }) =>
      refersTo(properties.FunctionName, functions.get(name)?.id ?? ''),
    );

  it.each([
    ['JobQueue', 'dispatch-jobs'],
    ['EventQueue', 'record-container-events'],
  ] as const)(
    '%s feeds %s, which gives back single messages, and which has time for six tries',
    (id, name) => {
      const queue = ofType('SQS::Queue').find(
        (one) => one.id.startsWith(id) && one.properties.RedrivePolicy !== undefined,
      );

      const source = sourceOf(name)?.properties;

      expect(refersTo(source?.EventSourceArn, queue?.id ?? 'no queue')).toBe(true);
      expect(source?.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
      expect(source?.ScalingConfig.MaximumConcurrency).toBeGreaterThan(1);
      expect(queue?.properties.VisibilityTimeout).toBeGreaterThanOrEqual(
        6 * functions.get(name)?.properties.Timeout,
      );
      expect(queue?.properties.RedrivePolicy.maxReceiveCount).toBe(5);
    },
  );

  it("keep the order of a container's events and drop what comes twice", () => {
    const events = ofType('SQS::Queue').filter(({ id }) => id.startsWith('EventQueue'));

    expect(events.map(({ properties }) => properties.FifoQueue)).toEqual([true, true]);
    expect(events[0]?.properties).toMatchObject({
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
      ContentBasedDeduplication: false,
    });
  });
});

describe('the events of runs', () => {
  const rules = ofType('Events::Rule');
  const batchRules = rules.filter(({ properties }) => properties.EventPattern !== undefined);

  it('come from our queues only', () => {
    const queues = ofType('Batch::JobQueue').map(({ id }) => id);

    for (const { properties } of batchRules) {
      expect(properties.EventPattern.source).toEqual(['aws.batch']);
      expect(properties.EventPattern.detail.jobQueue).toHaveLength(2);
      for (const id of queues) expect(refersTo(properties.EventPattern.detail.jobQueue, id)).toBe(true);
    }
  });

  it('are recorded once each, whatever the state', () => {
    const states = batchRules.flatMap(({ properties }) => properties.EventPattern.detail.status ?? []);

    expect([...states].sort()).toEqual([
      'FAILED',
      'PENDING',
      'RUNNABLE',
      'RUNNING',
      'STARTING',
      'SUBMITTED',
      'SUCCEEDED',
    ]);
    expect(
      batchRules.filter(
        ({ properties }) => properties.EventPattern['detail-type'][0] === 'Batch Job Queue Blocked',
      ),
    ).toHaveLength(1);
  });

  it('go to their recorder, and where it cannot take them to the queue of lost events', () => {
    const recorder = functions.get('record-run-events')?.id ?? 'no function';

    for (const { properties } of batchRules) {
      expect(refersTo(properties.Targets[0].Arn, recorder)).toBe(true);
    }
    for (const { properties } of rules) {
      expect(refersTo(properties.Targets[0].DeadLetterConfig.Arn, 'LostEvents')).toBe(true);
    }
  });

  it('are followed by a sweep each minute', () => {
    const schedule = rules.find(({ properties }) => properties.ScheduleExpression !== undefined)?.properties;

    expect(schedule?.ScheduleExpression).toBe('rate(1 minute)');
    expect(refersTo(schedule?.Targets[0].Arn, functions.get('sweep-jobs')?.id ?? 'no function')).toBe(true);
  });

  it('leave no failed asynchronous call without a trace', () => {
    const invoked = ofType('Lambda::EventInvokeConfig').map(({ properties }) => properties);
    const called = new Set(rules.map(({ properties }) => JSON.stringify(properties.Targets[0].Arn)));

    expect(invoked).toHaveLength(called.size);
    for (const { DestinationConfig } of invoked)
      expect(refersTo(DestinationConfig.OnFailure.Destination, 'LostEvents')).toBe(true);
  });
});

it('forgets the checkpoints where jobs put them', () => {
  const rules: { Prefix?: string }[] = ofType('S3::Bucket').flatMap(
    ({ properties }) => properties.LifecycleConfiguration?.Rules ?? [],
  );

  const prefixes = rules.flatMap(({ Prefix }) => Prefix ?? []);

  expect(
    prefixes.filter((prefix) => objectKeys.checkpointPrefix('acme', 'job_1').startsWith(prefix)),
  ).toHaveLength(1);
});
