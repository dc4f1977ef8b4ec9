import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts one finding of cdk-nag on one construct, with the reason why it does no harm there. */
export function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${finding}`, reason });
}

/** As `acknowledge`, for each wildcard of a policy: cdk-nag's name of it, and the reason. */
export function acknowledgeWildcards(
  construct: IConstruct,
  reasons: Readonly<Record<string, string>> = {},
): void {
  for (const [wildcard, reason] of Object.entries(reasons))
    acknowledge(construct, `IAM5[${wildcard}]`, reason);
}

/** As `acknowledge`, for a policy that AWS wrote; `policy` as in its ARN. */
export function acknowledgeManagedPolicy(construct: IConstruct, policy: string, reason: string): void {
  acknowledge(construct, `IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/${policy}]`, reason);
}
