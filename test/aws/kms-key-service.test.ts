import { randomUUID } from 'node:crypto';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { awsClientConfig } from '../../shared/adapters/aws/aws-client';
import { kmsKeyService } from '../../shared/adapters/aws/kms-key-service';
import { describeKeyService } from '../contract/ports/key-service-contract';
import { describeOnMoto, moto } from '../support/moto';

const setup = async () => {
  const client = new KMSClient(awsClientConfig(moto));
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  return kmsKeyService({ connection: moto, keyId: KeyMetadata?.KeyId ?? '' });
};

describeOnMoto('the KMS key service', () => {
  /** moto begins a wrapped key with the key's id, and takes a changed one for another key's; KMS authenticates every byte. */
  const clearBytesOfMoto = 36;
  describeKeyService('the KMS key service', setup, clearBytesOfMoto);

  it('fails, not retryable, for a key that is not there', async () => {
    const keys = kmsKeyService({ connection: moto, keyId: randomUUID() });

    const making = keys.generateDataKey({});

    await expect(making).rejects.toMatchObject({ name: 'DependencyError', retryable: false });
    await expect(making).rejects.toThrow('cannot make a data key: there is no such resource');
  });
});
