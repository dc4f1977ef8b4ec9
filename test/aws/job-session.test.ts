import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { awsClientConfig } from '../../shared/adapters/aws/aws-client';
import { jobSessionIssuer } from '../../shared/adapters/aws/job-session-issuer';
import { readSecret } from '../../shared/adapters/aws/read-secret';
import { accountId, describeOnMoto, moto } from '../support/moto';

const resources = {
  bucketArn: 'arn:aws:s3:::ingot',
  eventQueueArn: `arn:aws:sqs:${moto.region}:${accountId}:events`,
  keyArn: `arn:aws:kms:${moto.region}:${accountId}:key/1`,
};

const setup = () => {
  const roleArn = `arn:aws:iam::${accountId}:role/ingot-job-session`;
  return { roleArn, issue: jobSessionIssuer({ roleArn, resources, connection: moto }) };
};
const own = ['artifacts/t1/job_1/', 'checkpoints/t1/job_1/'];

describeOnMoto(
  "a job's session (moto keeps no session policies; job-grant.test.ts holds what they say)",
  () => {
    it('is one of the session role, named after the job and its attempt, and ends within the hour', async () => {
      const { issue } = setup();

      const issued = await issue({ read: own, write: own }, { jobId: 'job_1', attempt: 2 });

      const credentials = {
        accessKeyId: issued.access_key_id,
        secretAccessKey: issued.secret_access_key,
        sessionToken: issued.session_token,
      };
      const sts = new STSClient(awsClientConfig({ ...moto, credentials }));
      const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
      expect(Arn).toBe(`arn:aws:sts::${accountId}:assumed-role/ingot-job-session/job_1-2`);
      const minutes = (new Date(issued.expiration).getTime() - Date.now()) / 60_000;
      expect([minutes > 50, minutes <= 61]).toEqual([true, true]);
    });

    it('is refused for a grant that no session policy can say', async () => {
      const { issue } = setup();
      const read = Array.from({ length: 60 }, (_, index) => `datasets/t1/ds_${index}/source`);

      const issuing = issue({ read, write: own }, { jobId: 'job_1', attempt: 1 });

      await expect(issuing).rejects.toMatchObject({ name: 'PayloadTooLargeError' });
    });
  },
);

describeOnMoto('a secret', () => {
  const client = new SecretsManagerClient(awsClientConfig(moto));

  it('is read as text', async () => {
    const { ARN = '' } = await client.send(
      new CreateSecretCommand({ Name: 'admin', SecretString: 'the-admin-key' }),
    );

    const secret = await readSecret({ secretId: ARN, connection: moto });

    expect(secret).toBe('the-admin-key');
  });

  it('fails where it is not there, or holds no text', async () => {
    const { ARN = '' } = await client.send(
      new CreateSecretCommand({ Name: 'bytes', SecretBinary: Buffer.from([1]) }),
    );

    const reading = readSecret({ secretId: ARN, connection: moto });

    await expect(reading).rejects.toThrow('holds no text');
    await expect(readSecret({ secretId: 'none', connection: moto })).rejects.toThrow(
      'there is no such resource',
    );
  });
});
