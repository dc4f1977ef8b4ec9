import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DependencyError, IntegrityError } from '../../errors/store-errors';
import type { KeyService } from '../../ports/key-service';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws } from './aws-errors';

export interface KmsKeyServiceOptions {
  /** Id or ARN of a symmetric key. */
  keyId: string;
  connection?: AwsConnection;
}

const tampered = (cause: unknown) =>
  new IntegrityError('the wrapped data key, or its context, was changed', cause);

/** Data keys of AWS KMS; the context is its encryption context, which CloudTrail shows. */
export function kmsKeyService({ keyId, connection }: KmsKeyServiceOptions): KeyService {
  const client = new KMSClient(awsClientConfig(connection));
  return {
    async generateDataKey(context) {
      const command = new GenerateDataKeyCommand({
        KeyId: keyId,
        KeySpec: 'AES_256',
        EncryptionContext: context,
      });
      const { Plaintext, CiphertextBlob } = await callAws('make a data key', client.send(command));
      if (Plaintext === undefined || CiphertextBlob === undefined) {
        throw new DependencyError('KMS answered without a data key', { retryable: true });
      }
      return { plaintext: Plaintext, wrapped: CiphertextBlob };
    },
    async unwrapDataKey(wrapped, context) {
      const command = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: wrapped,
        EncryptionContext: context,
      });
      const { Plaintext } = await callAws('unwrap a data key', client.send(command), {
        InvalidCiphertextException: tampered,
        IncorrectKeyException: tampered,
      });
      if (Plaintext === undefined)
        throw new DependencyError('KMS answered without a data key', { retryable: true });
      return Plaintext;
    },
  };
}
