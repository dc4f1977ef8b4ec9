import { randomUUID } from 'node:crypto';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { kmsClient, kmsKeyService } from '../../shared/adapters/aws/kms-key-service';
import { describeKeyService } from '../contract/ports/key-service-contract';
import { describeOnMoto, moto } from '../support/moto';

const setup = async () => {
  const client = kmsClient(moto);
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
  return kmsKeyService({ client, keyId: KeyMetadata?.KeyId ?? '' });
};

describeOnMoto('the KMS key service', () => {
  /** moto begins a wrapped key with the key's id, and takes a changed one for another key's; KMS authenticates every byte. */
  const clearBytesOfMoto = 36;
  describeKeyService('the KMS key service', setup, clearBytesOfMoto);

  it('fails, not retryable, for a key that is not there', async () => {
    const keys = kmsKeyService({ client: kmsClient(moto), keyId: randomUUID() });

    const making = keys.generateDataKey({});

    await expect(making).rejects.toMatchObject({ name: 'DependencyError', retryable: false });
    await expect(making).rejects.toThrow('cannot make a data key: there is no such resource');
  });
});
