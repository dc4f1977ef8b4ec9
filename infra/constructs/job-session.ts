import { Duration, Stack } from 'aws-cdk-lib';
import { ArnPrincipal, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { env } from '../../shared/config/env';
import { acknowledgeWildcards } from './acknowledge';
import type { ArtifactBucket } from './artifact-bucket';
import type { ServiceFunction } from './service-function';
import type { WorkQueue } from './work-queue';
import type { Permission, Workload } from './workload';

export interface JobSessionProps {
  /** The function `issue-job-credentials`. */
  issuer: ServiceFunction;
  artifacts: ArtifactBucket;
  events: WorkQueue;
}

/**
 * What containers may do. All jobs share one Batch job role, so that role can do a single thing: ask the issuer for
 * credentials. The issuer answers with a session of the session role, narrowed to the objects and events of the one job
 * whose token it was shown. What the session role is allowed here is therefore an upper bound, not what a job gets.
 */
export class JobSession extends Construct implements Workload {
  /** Worn by every container from its start. */
  readonly jobRole: Role;
  /** Worn by nobody but through the issuer, an hour at most: longer chained sessions do not exist. */
  readonly sessionRole: Role;
  /** What every container is told. */
  readonly environment: Record<string, string> = {};

  constructor(scope: Construct, id: string, { issuer, artifacts, events }: JobSessionProps) {
    super(scope, id);
    this.jobRole = new Role(this, 'JobRole', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Ingot job containers: may ask for the credentials of their own job, nothing else',
    });
    this.sessionRole = new Role(this, 'SessionRole', {
      assumedBy: new ArnPrincipal(issuer.role?.roleArn ?? ''),
      maxSessionDuration: Duration.hours(1),
      description: 'Ingot job sessions: always narrowed by a session policy',
    });
    artifacts.grantRead(this);
    artifacts.grantWriteOutputs(this);
    events.grantSend(this);
    this.#grantAsk(issuer);
    this.#grantIssue(issuer, { artifacts, events });
  }

  allow({ actions, resources, wildcards }: Permission): void {
    acknowledgeWildcards(this.sessionRole, wildcards);
    this.sessionRole.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  setVariable(name: keyof typeof env, value: string): void {
    this.environment[name] = value;
  }

  #grantAsk(issuer: ServiceFunction): void {
    this.jobRole.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [issuer.functionArn] }),
    );
    this.setVariable(env.INGOT_CREDENTIALS_FUNCTION, issuer.functionName);
  }

  #grantIssue(issuer: ServiceFunction, { artifacts, events }: Omit<JobSessionProps, 'issuer'>): void {
    issuer.allow({ actions: ['sts:AssumeRole'], resources: [this.sessionRole.roleArn] });
    issuer.setVariable(env.INGOT_JOB_SESSION_ROLE, this.sessionRole.roleArn);
    issuer.setVariable(env.INGOT_BUCKET_ARN, artifacts.bucket.bucketArn);
    issuer.setVariable(env.INGOT_EVENT_QUEUE_ARN, events.queue.queueArn);
  }
}
