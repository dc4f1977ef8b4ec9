import { RemovalPolicy } from 'aws-cdk-lib';
import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { StageConfig } from '../stages';

const retention = { 14: RetentionDays.TWO_WEEKS, 365: RetentionDays.ONE_YEAR } as const;

export interface EncryptedLogsProps {
  stage: StageConfig;
  key: IKey;
  /** Only where the service that writes there fixes the name. */
  name?: string;
}

/** A log group under the customer's key that forgets after the stage's days. */
export class EncryptedLogs extends Construct {
  readonly group: LogGroup;

  constructor(scope: Construct, id: string, { stage, key, name }: EncryptedLogsProps) {
    super(scope, id);
    this.group = new LogGroup(this, 'Group', {
      encryptionKey: key,
      retention: retention[stage.logDays],
      removalPolicy: stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(name === undefined ? {} : { logGroupName: name }),
    });
  }

  grantWrite(role: IRole): void {
    const { logGroupArn } = this.group;
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroupArn],
      }),
    );
  }
}
