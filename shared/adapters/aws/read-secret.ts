import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfigurationError } from '../../errors/job-errors';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws } from './aws-errors';

/** The text of a Secrets Manager secret. `ConfigurationError` where it holds none. */
export async function readSecret(options: { secretId: string; connection?: AwsConnection }): Promise<string> {
  const client = new SecretsManagerClient(awsClientConfig(options.connection));
  const command = new GetSecretValueCommand({ SecretId: options.secretId });
  const { SecretString } = await callAws('read a secret', client.send(command));
  if (SecretString) return SecretString;
  throw new ConfigurationError(`the secret '${options.secretId}' holds no text`);
}
