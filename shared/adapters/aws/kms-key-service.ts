import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { DependencyError, IntegrityError } from '../../errors/store-errors';
import type { KeyService } from '../../ports/key-service';
import { type AwsConnection, awsClientConfig } from './aws-client';
import { callAws, type KnownErrors } from './aws-errors';

export interface KmsKeyServiceOptions {
  /** Id or ARN of a symmetric key. */
  keyId: string;
  connection?: AwsConnection;
}

const changed = (cause: unknown) =>
  new IntegrityError('a wrapped key does not authenticate: it, its key or its context were changed', cause);

/** What KMS says of bytes that it did not wrap, not under this key, or not in this context. */
const refusals: KnownErrors = {
  InvalidCiphertextException: changed,
  IncorrectKeyException: changed,
  ValidationException: changed,
};

const present = (bytes: Uint8Array | undefined): Uint8Array => {
  if (bytes === undefined) throw new DependencyError('KMS answered without a key', { retryable: true });
  return bytes;
};

/** Data keys of AWS KMS; the context is KMS's encryption context, which CloudTrail shows. */
export const kmsKeyService = ({ keyId, connection }: KmsKeyServiceOptions): KeyService => {
  const client = new KMSClient(awsClientConfig(connection, { request: 5000 }));
  return {
    async generateDataKey(context) {
      const command = new GenerateDataKeyCommand({
        KeyId: keyId,
        KeySpec: 'AES_256',
        EncryptionContext: context,
      });
      const { Plaintext, CiphertextBlob } = await callAws('make a data key', client.send(command));
      return { plaintext: present(Plaintext), wrapped: present(CiphertextBlob) };
    },
    async unwrapDataKey(wrapped, context) {
      const command = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: wrapped,
        EncryptionContext: context,
      });
      const { Plaintext } = await callAws('unwrap a data key', client.send(command), refusals);
      return present(Plaintext);
    },
  };
};
