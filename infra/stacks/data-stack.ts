import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ArtifactBucket } from '../constructs/artifact-bucket';
import { CustomerKey } from '../constructs/customer-key';
import { RecordTable } from '../constructs/record-table';
import type { StageConfig } from '../stages';

export interface DataStackProps extends StackProps {
  stage: StageConfig;
}

/** What must outlive everything else: the key, the objects, the records. */
export class DataStack extends Stack {
  readonly key: CustomerKey;
  readonly artifacts: ArtifactBucket;
  readonly records: RecordTable;

  /** What a store needs to be used: the objects and the key to them. */
  get store(): { artifacts: ArtifactBucket; key: CustomerKey } {
    return { artifacts: this.artifacts, key: this.key };
  }

  constructor(scope: Construct, id: string, { stage, ...props }: DataStackProps) {
    super(scope, id, { ...props, description: 'Ingot: key, artifact bucket, record table' });
    this.key = new CustomerKey(this, 'Key', stage);
    this.artifacts = new ArtifactBucket(this, 'Artifacts', { stage, key: this.key });
    this.records = new RecordTable(this, 'Records', { stage, key: this.key });
    new CfnOutput(this, 'BucketName', { value: this.artifacts.bucket.bucketName });
    new CfnOutput(this, 'TableName', { value: this.records.tableName });
  }
}
