import { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { env } from '../../shared/config/env';
import type { StageConfig } from '../stages';
import { acknowledge } from './acknowledge';
import type { CustomerKey } from './customer-key';
import type { Workload } from './workload';

/** The admin key, made by Secrets Manager, in nobody's shell history; with it the first API key is made. */
export class AdminSecret extends Secret {
  readonly #key: CustomerKey;

  constructor(scope: Construct, id: string, { stage, key }: { stage: StageConfig; key: CustomerKey }) {
    super(scope, id, {
      description: `Ingot (${stage.name}): the admin key`,
      encryptionKey: key,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#key = key;
    acknowledge(
      this,
      'SMG4',
      'people and programs hold this key: it is rotated on purpose, by the step in docs/deploy.md, not under their hands',
    );
  }

  grantReadKey(workload: Workload): void {
    workload.allow({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secretArn] });
    workload.setVariable(env.INGOT_ADMIN_SECRET, this.secretArn);
    this.#key.grantUse(workload);
  }
}
