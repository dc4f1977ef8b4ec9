import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { JobGrant } from '../../contracts/job-files';
import { DependencyError } from '../../errors/store-errors';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws } from './aws-errors';
import { type SessionResources, sessionPolicyOf } from './session-policy';

export interface JobSessionOptions {
  /** The role that every session is one of; the session policy narrows it. */
  roleArn: string;
  resources: SessionResources;
  connection?: AwsConnection;
}

/** As the container gets them; `expiration` is ISO 8601. */
export interface JobCredentials {
  access_key_id: string;
  secret_access_key: string;
  session_token: string;
  expiration: string;
}

export interface JobSession {
  jobId: string;
  attempt: number;
}

/** The longest that a chained session may last. */
const sessionSeconds = 3_600;

/** Credentials that reach what a grant names and nothing else, for an hour; CloudTrail shows the job by the session's name. */
export function jobSessionIssuer({ roleArn, resources, connection }: JobSessionOptions) {
  const client = new STSClient(awsClientConfig(connection));
  return async (grant: JobGrant, { jobId, attempt }: JobSession): Promise<JobCredentials> => {
    const command = new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: `${jobId}-${attempt}`,
      DurationSeconds: sessionSeconds,
      Policy: JSON.stringify(sessionPolicyOf(grant, resources)),
    });
    const { Credentials } = await callAws("assume the job's role", client.send(command));
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) {
      throw new DependencyError('STS answered without credentials', { retryable: true });
    }
    return {
      access_key_id: AccessKeyId,
      secret_access_key: SecretAccessKey,
      session_token: SessionToken,
      expiration: Expiration.toISOString(),
    };
  };
}
