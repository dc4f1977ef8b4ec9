import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { DependencyError } from '../../errors/store-errors';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws } from './aws-errors';

export interface CredentialsRequest {
  tenant: string;
  job_id: string;
  attempt: number;
  token: string;
}

export interface VendedCredentialsOptions {
  /** Name or ARN of the function `issue-job-credentials`. */
  functionName: string;
  request: CredentialsRequest;
  /** With the job role's own credentials, which may do nothing but this. */
  connection?: AwsConnection;
}

const answer = z.object({
  access_key_id: z.string(),
  secret_access_key: z.string(),
  session_token: z.string(),
  expiration: z.iso.datetime(),
});

/**
 * A credential provider for the AWS SDK, which asks again before they expire: a container's own credentials, for its job's
 * objects and events alone, in exchange for the job's token.
 */
export function vendedCredentials({ functionName, request, connection }: VendedCredentialsOptions) {
  const client = new LambdaClient(awsClientConfig(connection));
  return async () => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: Buffer.from(JSON.stringify(request)),
    });
    const { FunctionError, Payload } = await callAws("get the job's credentials", client.send(command));
    const text = new TextDecoder().decode(Payload);
    if (FunctionError !== undefined) {
      throw new DependencyError(`the job's credentials were refused: ${text}`, { retryable: false });
    }
    const vended = answer.parse(JSON.parse(text));
    return {
      accessKeyId: vended.access_key_id,
      secretAccessKey: vended.secret_access_key,
      sessionToken: vended.session_token,
      expiration: new Date(vended.expiration),
    };
  };
}
