import { InvokeCommand, type InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { DependencyError } from '../../errors/store-errors';
import { type Clock, systemClock } from '../../ports/clock';
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
  clock?: Clock;
}

/** As the AWS SDK wants them. */
export interface VendedCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
}

/** More than the five minutes that the SDK's clients ask ahead, so that what they are given they keep. */
const renewBeforeMs = 10 * 60_000;

const answer = z.object({
  access_key_id: z.string(),
  secret_access_key: z.string(),
  session_token: z.string(),
  expiration: z.iso.datetime(),
});

const refusal = z.object({
  errorType: z.string().default('error'),
  errorMessage: z.string().default('no reason given'),
});

/** The function's own throttling, timeout or dependency passes; what it says of token and job stays. */
const passing = /Timedout|timed out|DependencyError/i;

const parsed = <T>(schema: z.ZodType<T>, payload: Uint8Array | undefined): T => {
  try {
    return schema.parse(JSON.parse(Buffer.from(payload ?? []).toString()));
  } catch {
    throw new DependencyError(
      "the function that issues the job's credentials gave an answer that makes no sense",
      { retryable: true },
    );
  }
};

const credentialsOf = ({ FunctionError, Payload }: InvokeCommandOutput): VendedCredentials => {
  if (FunctionError !== undefined) {
    const { errorType, errorMessage } = parsed(refusal, Payload);
    const said = `${errorType}: ${errorMessage}`;
    throw new DependencyError(`the job's credentials were refused (${said})`, {
      retryable: passing.test(said),
    });
  }
  const { access_key_id, secret_access_key, session_token, expiration } = parsed(answer, Payload);
  return {
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key,
    sessionToken: session_token,
    expiration: new Date(expiration),
  };
};

/**
 * A credential provider for the AWS SDK: a container's own credentials, for its job's objects and events alone, in
 * exchange for the job's token. All clients share them; they are asked for again ten minutes before they expire.
 */
export function vendedCredentials(options: VendedCredentialsOptions): () => Promise<VendedCredentials> {
  const { functionName, request, connection, clock = systemClock } = options;
  const client = new LambdaClient(awsClientConfig(connection, { request: 30_000 }));
  const ask = async () => {
    const command = new InvokeCommand({
      FunctionName: functionName,
      Payload: Buffer.from(JSON.stringify(request)),
    });
    return credentialsOf(await callAws("get the job's credentials", client.send(command)));
  };
  let current: VendedCredentials | undefined;
  let asking: Promise<VendedCredentials> | undefined;
  const renew = async (): Promise<VendedCredentials> => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    current = await asking;
    return current;
  };
  const isFresh = ({ expiration }: VendedCredentials) =>
    expiration.getTime() - clock.now().getTime() > renewBeforeMs;
  return async () => (current !== undefined && isFresh(current) ? current : renew());
}
