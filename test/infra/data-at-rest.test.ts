import { type Resource, refersTo, type Synthesized, statementsOf, synthesize } from './synthesize';

const stages = ['dev', 'prod'] as const;
const made = new Map<string, Synthesized>();

function setup(stage: (typeof stages)[number]) {
  const synthesized = made.get(stage) ?? synthesize({ stage });
  made.set(stage, synthesized);
  const [key] = synthesized.ofType('KMS::Key');
  const isUnderKey = (value: unknown) => refersTo(value, key?.id ?? 'no key');
  return { ...synthesized, key, isUnderKey };
}

/** Where each kind of resource says which key it lies under. */
const keyOf: Readonly<Record<string, (properties: Resource['properties']) => unknown>> = {
  'DynamoDB::Table': ({ SSESpecification }) => SSESpecification?.KMSMasterKeyId,
  'SQS::Queue': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'SNS::Topic': ({ KmsMasterKeyId }) => KmsMasterKeyId,
  'Logs::LogGroup': ({ KmsKeyId }) => KmsKeyId,
  'SecretsManager::Secret': ({ KmsKeyId }) => KmsKeyId,
  'S3::Bucket': ({ BucketEncryption }) =>
    BucketEncryption?.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID,
};

describe.each(stages)('what %s keeps', (stage) => {
  it.each(Object.keys(keyOf))('lies under the one customer key: %s', (type) => {
    const { ofType, isUnderKey } = setup(stage);

    const outside = ofType(type).filter(({ properties }) => !isUnderKey(keyOf[type]?.(properties)));

    // S3 delivers access logs to no bucket that encrypts with KMS by default
    const exceptions = outside.filter(({ id }) => !id.startsWith('ArtifactsAccessLogs'));
    expect(ofType(type).length).toBeGreaterThan(0);
    expect(exceptions.map(({ id }) => id)).toEqual([]);
  });

  it('has one key, which rotates', () => {
    const { ofType } = setup(stage);

    const keys = ofType('KMS::Key');

    expect(keys.map(({ properties }) => properties.EnableKeyRotation)).toEqual([true]);
  });

  it('is reached over TLS only', () => {
    const { ofType } = setup(stage);
    const policies = ofType('S3::BucketPolicy', 'SQS::QueuePolicy', 'SNS::TopicPolicy');

    const withoutTls = policies.filter(
      ({ properties }) =>
        !statementsOf(properties.PolicyDocument).some(
          ({ Effect, Condition }) =>
            Effect === 'Deny' && Condition?.Bool?.['aws:SecureTransport'] === 'false',
        ),
    );

    expect(policies).toHaveLength(ofType('S3::Bucket', 'SQS::Queue', 'SNS::Topic').length);
    expect(withoutTls.map(({ id }) => id)).toEqual([]);
  });

  it('lets nothing into the artifact bucket under another key or algorithm', () => {
    const { ofType, isUnderKey } = setup(stage);
    const policy = ofType('S3::BucketPolicy').find(({ id }) => id.startsWith('ArtifactsObjects'));

    const [algorithm, otherKey] = statementsOf(policy?.properties.PolicyDocument)
      .filter(({ Effect, Action }) => Effect === 'Deny' && Action.includes('s3:PutObject'))
      .map(({ Condition }) => Condition);

    const algorithmHeader = 's3:x-amz-server-side-encryption';
    const keyHeader = 's3:x-amz-server-side-encryption-aws-kms-key-id';
    // a request without the header gets the bucket's own encryption, so only a header that is there is judged
    expect(algorithm).toEqual({
      Null: { [algorithmHeader]: 'false' },
      StringNotEquals: { [algorithmHeader]: 'aws:kms' },
    });
    expect(otherKey.Null).toEqual({ [keyHeader]: 'false' });
    expect(isUnderKey(otherKey.StringNotEquals[keyHeader])).toBe(true);
  });

  it('is not public', () => {
    const { ofType } = setup(stage);

    const blocks = ofType('S3::Bucket').map(({ properties }) => properties.PublicAccessBlockConfiguration);

    expect(blocks.map((block) => Object.values(block))).toEqual(blocks.map(() => [true, true, true, true]));
  });

  it('keeps old versions for a while, and checkpoints for as long as a job can live', () => {
    const { ofType } = setup(stage);

    const bucket = ofType('S3::Bucket').find(({ id }) => id.startsWith('ArtifactsObjects'))?.properties;

    expect(bucket?.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(bucket?.LifecycleConfiguration.Rules).toEqual([
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } }),
      expect.objectContaining({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } }),
      expect.objectContaining({ Prefix: 'checkpoints/', ExpirationInDays: 14 }),
    ]);
  });

  it('has the table that the records adapter expects, restorable to any second', () => {
    const { ofType } = setup(stage);

    const table = ofType('DynamoDB::Table')[0]?.properties;

    expect(table).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      DeletionProtectionEnabled: stage === 'prod',
    });
  });

  it(`${stage === 'prod' ? 'outlives' : 'goes with'} its stack`, () => {
    const { ofType, stacks } = setup(stage);

    const policies = ofType('KMS::Key', 'S3::Bucket', 'DynamoDB::Table').map(
      ({ deletionPolicy }) => deletionPolicy,
    );

    expect(new Set(policies)).toEqual(new Set([stage === 'prod' ? 'Retain' : 'Delete']));
    expect(stacks.data.terminationProtection).toBe(stage === 'prod');
  });

  it('puts scratch files of containers on encrypted disks', () => {
    const { ofType } = setup(stage);

    const disks = ofType('EC2::LaunchTemplate').flatMap(
      ({ properties }) => properties.LaunchTemplateData.BlockDeviceMappings,
    );

    expect(disks.map(({ Ebs }) => Ebs.Encrypted)).toEqual([true]);
  });
});
