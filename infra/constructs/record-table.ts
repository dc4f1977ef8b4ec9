import { CrossStackReferences, ReferenceStrength, RemovalPolicy } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { env } from '../../shared/config/env';
import type { StageConfig } from '../stages';
import type { CustomerKey } from './customer-key';
import { fiveMinutes, type Watch } from './watch';
import type { Workload } from './workload';

const reads = ['dynamodb:GetItem', 'dynamodb:Query'];
const writes = ['dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** The one table of records: single-table keys, on demand, restorable to any second of the last 35 days. */
export class RecordTable extends Table {
  readonly #key: CustomerKey;

  constructor(scope: Construct, id: string, { stage, key }: { stage: StageConfig; key: CustomerKey }) {
    super(scope, id, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: key,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expires_at',
      deletionProtection: stage.keepData,
      removalPolicy: stage.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.#key = key;
    CrossStackReferences.of(this).produce(ReferenceStrength.STRONG);
  }

  grantReadRecords(workload: Workload): void {
    this.#grantActions(workload, reads);
  }

  grantReadWriteRecords(workload: Workload): void {
    this.#grantActions(workload, [...reads, ...writes]);
  }

  watches(): Watch[] {
    const throttled = (metricName: string) =>
      this.metric(metricName, { period: fiveMinutes, statistic: 'Sum' });
    return [
      {
        id: 'RecordsThrottled',
        description:
          'DynamoDB throttles: one partition key is hot, or the table grows faster than on-demand capacity follows',
        metric: new MathExpression({
          expression: 'FILL(reads, 0) + FILL(writes, 0)',
          usingMetrics: { reads: throttled('ReadThrottleEvents'), writes: throttled('WriteThrottleEvents') },
          period: fiveMinutes,
          label: 'Throttled reads and writes',
        }),
        threshold: 10,
      },
    ];
  }

  #grantActions(workload: Workload, actions: readonly string[]): void {
    workload.allow({ actions, resources: [this.tableArn] });
    workload.setVariable(env.INGOT_TABLE, this.tableName);
    this.#key.grantUse(workload);
  }
}
