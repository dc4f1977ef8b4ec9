import { Aws, CrossStackReferences, ReferenceStrength, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { env } from '../../shared/config/env';
import type { StageConfig } from '../stages';
import type { Workload } from './workload';

/** Services that write to something encrypted on their own account, not on that of one of our roles. */
const writers = {
  // alarms to the encrypted topic; without this their messages are lost in silence
  cloudwatch: 'cloudwatch.amazonaws.com',
  // events that could not be delivered, to the encrypted dead-letter queue
  events: 'events.amazonaws.com',
} as const;

/** The one key under which everything at rest lies. It rotates each year; deleting it makes everything unreadable. */
export class CustomerKey extends Key {
  constructor(scope: Construct, id: string, stage: StageConfig) {
    super(scope, id, {
      alias: `ingot/${stage.name}`,
      description: `Ingot (${stage.name}): data sets, models, records, queues and logs`,
      enableKeyRotation: true,
      removalPolicy: stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    for (const service of Object.values(writers)) this.#allowWriter(service);
    this.#allowLogs();
    CrossStackReferences.of(this).produce(ReferenceStrength.STRONG);
  }

  /** Encrypt and decrypt, through a service or with data keys of its own. */
  grantUse(workload: Workload): void {
    workload.allow({
      actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      resources: [this.keyArn],
    });
    workload.setVariable(env.INGOT_KEY_ARN, this.keyArn);
  }

  #allowWriter(service: string): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
  }

  #allowLogs(): void {
    const groups = `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:log-group:*`;
    this.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
        resources: ['*'],
        conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
      }),
    );
  }
}
