import { Aws } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService as Gateway,
  InterfaceVpcEndpointAwsService as Interface,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { StageConfig } from '../stages';
import { objectActions } from './artifact-bucket';
import { asVpc } from './as-interface';
import type { CustomerKey } from './customer-key';
import { EncryptedLogs } from './encrypted-logs';

/** What a container and the ECS agent of its machine call; each costs by the hour and zone. */
const interfaces = {
  EcrApi: Interface.ECR,
  EcrDocker: Interface.ECR_DOCKER,
  Logs: Interface.CLOUDWATCH_LOGS,
  Sqs: Interface.SQS,
  Lambda: Interface.LAMBDA,
  Ecs: Interface.ECS,
  EcsAgent: Interface.ECS_AGENT,
  EcsTelemetry: Interface.ECS_TELEMETRY,
} as const;

export interface PrivateNetworkProps {
  stage: StageConfig;
  key: CustomerKey;
  /** The only bucket of ours that containers can reach. */
  bucket: IBucket;
}

/**
 * Subnets for containers without a way in, and without a way out but to the AWS services that jobs need. There is no
 * endpoint for DynamoDB: containers hold no table permission. With `egress: 'nat'` they reach the internet too.
 */
export class PrivateNetwork extends Construct {
  readonly vpc: Vpc;
  /** For the machines that run containers: nothing comes in, HTTPS goes out. */
  readonly machines: SecurityGroup;

  constructor(scope: Construct, id: string, props: PrivateNetworkProps) {
    super(scope, id);
    const { stage } = props;
    this.vpc = stage.egress === 'nat' ? this.#withInternet() : this.#isolated();
    this.machines = new SecurityGroup(this, 'Machines', {
      vpc: asVpc(this.vpc),
      description: 'Machines that run job containers',
      allowAllOutbound: false,
    });
    this.machines.addEgressRule(
      Peer.anyIpv4(),
      Port.tcp(443),
      'AWS endpoints, and the internet where there is a NAT gateway',
    );
    this.#logFlows(props);
    this.#addObjectEndpoint(props);
    if (stage.egress === 'endpoints') this.#addInterfaces(stage.endpointZones);
  }

  #isolated(): Vpc {
    return new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.42.0.0/16'),
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'jobs', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
    });
  }

  #withInternet(): Vpc {
    return new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.42.0.0/16'),
      maxAzs: 2,
      natGateways: 1,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'nat', subnetType: SubnetType.PUBLIC, cidrMask: 26, mapPublicIpOnLaunch: false },
        { name: 'jobs', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
      ],
    });
  }

  #logFlows({ stage, key }: PrivateNetworkProps): void {
    const logs = new EncryptedLogs(this, 'FlowLogs', { stage, key });
    this.vpc.addFlowLog('Flows', {
      destination: FlowLogDestination.toCloudWatchLogs(logs.group),
      trafficType: FlowLogTrafficType.ALL,
    });
  }

  /** Our bucket, and the one from which this region's ECR serves image layers: data cannot leave to a third. */
  #addObjectEndpoint({ bucket }: PrivateNetworkProps): void {
    const endpoint = this.vpc.addGatewayEndpoint('Objects', { service: Gateway.S3 });
    const layers = `arn:${Aws.PARTITION}:s3:::prod-${Aws.REGION}-starport-layer-bucket/*`;
    const allow = (actions: string[], resources: string[]) =>
      endpoint.addToPolicy(new PolicyStatement({ principals: [new AnyPrincipal()], actions, resources }));
    allow(objectActions, [bucket.bucketArn, bucket.arnForObjects('*')]);
    allow(['s3:GetObject'], [layers]);
  }

  #addInterfaces(zones: number): void {
    const group = new SecurityGroup(this, 'Endpoints', {
      vpc: asVpc(this.vpc),
      description: 'Interface endpoints, for the machines of this network only',
      allowAllOutbound: false,
    });
    group.addIngressRule(this.machines, Port.tcp(443), 'From job containers and the ECS agent');
    for (const [id, service] of Object.entries(interfaces)) {
      this.vpc.addInterfaceEndpoint(id, {
        service,
        open: false,
        securityGroups: [group],
        subnets: { subnets: this.vpc.isolatedSubnets.slice(0, zones) },
      });
    }
  }
}
