import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

/** AWS's own rule groups, in the order in which they are asked. */
const managedGroups = {
  IpReputation: { name: 'AWSManagedRulesAmazonIpReputationList', countOnly: [] },
  // a prediction may carry 6 MB of rows, which the body-size rule would take for an attack; handlers bound bodies themselves
  Common: { name: 'AWSManagedRulesCommonRuleSet', countOnly: ['SizeRestrictions_BODY'] },
  KnownBadInputs: { name: 'AWSManagedRulesKnownBadInputsRuleSet', countOnly: [] },
} as const;

/** Requests that one address may send in five minutes. */
const requestsPerAddress = 10_000;

const visible = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});

const managedRule = (name: keyof typeof managedGroups, priority: number): CfnWebACL.RuleProperty => ({
  name,
  priority,
  overrideAction: { none: {} },
  visibilityConfig: visible(name),
  statement: {
    managedRuleGroupStatement: {
      vendorName: 'AWS',
      name: managedGroups[name].name,
      ruleActionOverrides: managedGroups[name].countOnly.map((rule) => ({
        name: rule,
        actionToUse: { count: {} },
      })),
    },
  },
});

/** AWS WAF before one API Gateway stage. */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, stageArn: string) {
    super(scope, id);
    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visible('Firewall'),
      rules: [
        {
          name: 'RatePerAddress',
          priority: 0,
          action: { block: {} },
          visibilityConfig: visible('RatePerAddress'),
          statement: { rateBasedStatement: { aggregateKeyType: 'IP', limit: requestsPerAddress } },
        },
        managedRule('IpReputation', 1),
        managedRule('Common', 2),
        managedRule('KnownBadInputs', 3),
      ],
    });
    new CfnWebACLAssociation(this, 'Association', { resourceArn: stageArn, webAclArn: acl.attrArn });
  }
}
