import { Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import { synthesize } from './synthesize';

const acknowledgedIn = ({ app }: ReturnType<typeof synthesize>) =>
  app.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries<string>(data));

describe('the rules of AwsSolutions', () => {
  it.each([
    {},
    { stage: 'prod', alarmEmail: 'ops@example.com' },
    { stage: 'prod', egress: 'nat', firewall: 'false' },
    { egress: 'nat', endpointZones: '2', firewall: 'true' },
  ])('find nothing that was not accepted: %j', (context) => {
    const { findings } = synthesize(context);

    const violations = findings();

    expect(violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources])).toEqual([]);
  });

  it('find what was not accepted', () => {
    const { app, stacks } = synthesize();
    new Bucket(stacks.data, 'Careless');

    const findings = new AwsSolutionsChecks(app).validateScope(app).violations;

    expect(findings.map(({ ruleName }) => ruleName)).toEqual(
      expect.arrayContaining(['AwsSolutions-S1', 'AwsSolutions-S10']),
    );
  });

  it('were set aside one by one, each with a reason', () => {
    const accepted = acknowledgedIn(synthesize());

    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.filter(([, reason]) => reason.split(' ').length < 8)).toEqual([]);
  });
});
