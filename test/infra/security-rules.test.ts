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

/** Names that we gave, where CloudFormation would have made one up: two resources with one of them cannot live in one account. */
const givenNames = ({ resources }: ReturnType<typeof synthesize>) =>
  resources.flatMap(({ type, properties }) =>
    Object.entries(properties)
      .filter(
        ([property]) =>
          /^(\w*Name|AliasName)$/.test(property) &&
          /Bucket|Queue|Table|Topic|Role|Function|LogGroup|Alias|Dashboard|Rule/.test(property),
      )
      .map(([property, value]) => `${type} ${property} ${JSON.stringify(value)}`),
  );

it('lets dev and prod live in one account: they share no name', () => {
  const dev = givenNames(synthesize());
  const prod = new Set(givenNames(synthesize({ stage: 'prod' })));

  expect(dev.length).toBeGreaterThan(0);
  expect(dev.filter((name) => prod.has(name) && !name.includes('"Ref"') && !name.includes('"Fn::'))).toEqual(
    [],
  );
});
