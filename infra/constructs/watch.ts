import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';

/** What somebody should be woken for. Each construct tells its own; the observability stack makes alarms of them. */
export interface Watch {
  id: string;
  /** What is wrong, and what to do about it: it is the text of the mail. */
  description: string;
  metric: IMetric;
  /** The alarm sounds at this value and above. */
  threshold: number;
  /** How many periods in a row; 1 unless told. */
  periods?: number;
}

/** No data is no alarm: a queue that nobody used and a function that nobody called say nothing. */
export const alarmOf = (
  scope: Construct,
  { id, description, metric, threshold, periods = 1 }: Watch,
): Alarm =>
  new Alarm(scope, id, {
    alarmDescription: description,
    metric,
    threshold,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });

export const fiveMinutes = Duration.minutes(5);
