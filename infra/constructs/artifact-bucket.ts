import { CrossStackReferences, Duration, ReferenceStrength, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { z } from 'zod';
import { env } from '../../shared/config/env';
import type { StageConfig } from '../stages';
import { asBucket } from './as-interface';
import type { CustomerKey } from './customer-key';
import type { Workload } from './workload';

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} as const satisfies BucketProps;

const importSchema = z.object({ 'Fn::ImportValue': z.string() });

// a tag holds the digest of an object that was put in parts
const reads = ['s3:GetObject', 's3:GetObjectAttributes', 's3:GetObjectTagging'];
const writes = ['s3:PutObject', 's3:PutObjectTagging', 's3:DeleteObject', 's3:AbortMultipartUpload'];

/** Everything that anybody may do with the bucket. */
export const objectActions = [...reads, ...writes, 's3:ListBucket'];

/** Data sets, models, manifests and checkpoints: encrypted under the customer's key, versioned, over TLS only. */
export class ArtifactBucket extends Construct {
  readonly bucket: Bucket;
  readonly #key: CustomerKey;

  constructor(scope: Construct, id: string, { stage, key }: { stage: StageConfig; key: CustomerKey }) {
    super(scope, id);
    const removalPolicy = stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.#key = key;
    this.bucket = new Bucket(this, 'Objects', {
      ...closed,
      encryption: BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      versioned: true,
      removalPolicy,
      serverAccessLogsBucket: asBucket(this.#accessLogs(removalPolicy)),
      serverAccessLogsPrefix: 'artifacts/',
      lifecycleRules: [
        { id: 'give-up-uploads', abortIncompleteMultipartUploadAfter: Duration.days(2) },
        {
          id: 'forget-old-versions',
          noncurrentVersionExpiration: Duration.days(30),
          expiredObjectDeleteMarker: true,
        },
        // a job's end removes its checkpoints; this is for what a crash left behind
        { id: 'forget-checkpoints', prefix: 'checkpoints/', expiration: Duration.days(14) },
      ],
    });
    this.#refuseOtherEncryption();
    // who uses the bucket holds on to it: the stack that keeps it cannot go first
    CrossStackReferences.of(this.bucket).produce(ReferenceStrength.STRONG);
  }

  grantRead(workload: Workload): void {
    this.#grantOn('', reads, workload);
    // listing also turns a missing object into 404 instead of 403
    workload.allow({ actions: ['s3:ListBucket'], resources: [this.bucket.bucketArn] });
    workload.setVariable(env.INGOT_BUCKET, this.bucket.bucketName);
    this.#key.grantUse(workload);
  }

  grantReadWrite(workload: Workload): void {
    this.grantRead(workload);
    this.#grantOn('', writes, workload);
  }

  /** Where a job writes: what it makes, and its checkpoints. */
  grantWriteOutputs(workload: Workload): void {
    this.#grantOn('artifacts/', writes, workload);
    this.#grantOn('checkpoints/', writes, workload);
  }

  /** For whoever closes jobs. */
  grantRemoveCheckpoints(workload: Workload): void {
    this.#grantOn('checkpoints/', ['s3:DeleteObject'], workload);
  }

  #grantOn(prefix: '' | 'artifacts/' | 'checkpoints/', actions: readonly string[], workload: Workload): void {
    const reason = 'objects are made while it runs, under keys of every tenant and job';
    workload.allow({
      actions,
      resources: [this.bucket.arnForObjects(`${prefix}*`)],
      wildcards: { [`Resource::${this.#exportedName}/${prefix}*`]: reason },
    });
  }

  /** The name under which other stacks import the bucket's ARN, and under which cdk-nag speaks of it. */
  get #exportedName(): string {
    const stack = Stack.of(this);
    const imported: unknown = stack.resolve(stack.exportValue(this.bucket.bucketArn));
    return importSchema.parse(imported)['Fn::ImportValue'];
  }

  #accessLogs(removalPolicy: RemovalPolicy): Bucket {
    return new Bucket(this, 'AccessLogs', {
      ...closed,
      // S3 delivers its access logs to no bucket whose default encryption is SSE-KMS
      encryption: BucketEncryption.S3_MANAGED,
      removalPolicy,
      lifecycleRules: [{ id: 'forget-access-logs', expiration: Duration.days(90) }],
    });
  }

  /** A request that names no encryption gets the bucket's; one that names another is refused. */
  #refuseOtherEncryption(): void {
    const refuse = (sid: string, header: string, wanted: string) =>
      this.bucket.addToResourcePolicy(
        new PolicyStatement({
          sid,
          effect: Effect.DENY,
          principals: [new AnyPrincipal()],
          actions: ['s3:PutObject'],
          resources: [this.bucket.arnForObjects('*')],
          // 'not equal' holds for a header that is not there, too: only one that is there is judged
          conditions: { Null: { [header]: 'false' }, StringNotEquals: { [header]: wanted } },
        }),
      );
    refuse('RefuseOtherAlgorithms', 's3:x-amz-server-side-encryption', 'aws:kms');
    refuse('RefuseOtherKeys', 's3:x-amz-server-side-encryption-aws-kms-key-id', this.#key.keyArn);
  }
}
