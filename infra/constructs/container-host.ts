import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  LaunchTemplate,
  LaunchTemplateHttpTokens,
  MultipartBody,
  MultipartUserData,
  UserData,
} from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { StageConfig } from '../stages';
import { acknowledgeManagedPolicy } from './acknowledge';

/** The user that containers run as, on the machine too: single-node Batch containers share its network. */
export const containerUser = 10_001;

const agentPolicy = 'service-role/AmazonEC2ContainerServiceforEC2Role';

/** What Batch starts machines from: an encrypted disk, and a metadata service that containers cannot ask for the machine's role. */
export class ContainerHost extends Construct {
  readonly launchTemplate: LaunchTemplate;
  readonly role: Role;

  constructor(scope: Construct, id: string, stage: StageConfig) {
    super(scope, id);
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(agentPolicy)],
    });
    acknowledgeManagedPolicy(
      this.role,
      agentPolicy,
      'the ECS agent needs exactly this policy, which AWS keeps in step with the agent; containers cannot get at this role',
    );
    this.launchTemplate = new LaunchTemplate(this, 'Template', {
      httpTokens: LaunchTemplateHttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      userData: hideMetadataFromContainers(),
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          // under the account's EBS key: the service-linked roles that start spot machines may not use a customer's key
          // before somebody grants it to them, and this disk lives only as long as its machine
          volume: BlockDeviceVolume.ebs(stage.hostDiskGibibytes, {
            encrypted: true,
            volumeType: EbsDeviceVolumeType.GP3,
            deleteOnTermination: true,
          }),
        },
      ],
    });
  }
}

/** The hop limit stops containers with a network of their own; this stops those in the machine's network, by their user. */
function hideMetadataFromContainers(): UserData {
  const commands = UserData.forLinux();
  commands.addCommands(
    `iptables -I OUTPUT -d 169.254.169.254 -m owner --uid-owner ${containerUser} -j REJECT`,
    `iptables -I OUTPUT -d 169.254.169.254 -m owner --gid-owner ${containerUser} -j REJECT`,
  );
  const parts = new MultipartUserData();
  parts.addPart(MultipartBody.fromUserData(commands));
  return parts;
}
