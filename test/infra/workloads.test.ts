import {
  awsContainerEnvironment,
  containerEnvironment,
  type FunctionName,
  functionEnvironments,
  readEnvironment,
} from '../../shared/config/env';
import { refersTo, type Statement, statementsOf, synthesize } from './synthesize';

const { ofType, functions } = synthesize();

const policyOf = (roleId: string): Statement[] =>
  ofType('IAM::Policy')
    .filter(({ properties }) => refersTo(properties.Roles, roleId))
    .flatMap(({ properties }) => statementsOf(properties.PolicyDocument));

const roleOf = (name: FunctionName): string => functions.get(name)?.properties.Role['Fn::GetAtt'][0];

const holdersOf = (action: string): FunctionName[] =>
  [...functions.keys()]
    .filter((name) => policyOf(roleOf(name)).some(({ Action }) => Action.includes(action)))
    .sort();

/** What has no resource that a policy could name; everything else names what it is about. */
const withoutResources = [
  'batch:ListJobs',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'ecr:GetAuthorizationToken',
];

describe('permissions', () => {
  const statements = ofType('IAM::Policy', 'IAM::Role').flatMap(({ id, properties }) =>
    [
      properties.PolicyDocument,
      ...(properties.Policies ?? []).map((policy: { PolicyDocument: unknown }) => policy.PolicyDocument),
    ]
      .flatMap(statementsOf)
      .filter(({ Effect }) => Effect === 'Allow')
      .map((statement) => ({ id, ...statement })),
  );

  it('name every action', () => {
    const wild = statements.filter(({ Action }) => Action.some((action) => action.includes('*')));

    expect(wild.map(({ id, Action }) => [id, Action])).toEqual([]);
  });

  it('name every resource that has a name', () => {
    const wild = statements.filter(({ Resource }) => Resource.includes('*')).flatMap(({ Action }) => Action);

    expect(wild.filter((action) => !withoutResources.includes(action))).toEqual([]);
  });

  it.each<[action: string, holders: FunctionName[]]>([
    ['secretsmanager:GetSecretValue', ['authorize']],
    ['sts:AssumeRole', ['issue-job-credentials']],
    ['batch:SubmitJob', ['dispatch-jobs']],
    ['batch:TerminateJob', ['control', 'dispatch-jobs', 'record-run-events', 'sweep-jobs']],
    ['s3:PutObject', ['control', 'dispatch-jobs']],
    ['s3:DeleteObject', ['control', 'dispatch-jobs', 'record-run-events', 'sweep-jobs']],
    ['s3:GetObject', ['control', 'dispatch-jobs', 'predict', 'record-run-events', 'sweep-jobs']],
    ['s3:GetObjectTagging', ['control', 'dispatch-jobs', 'predict', 'record-run-events', 'sweep-jobs']],
    ['sqs:SendMessage', ['control', 'record-run-events', 'sweep-jobs']],
    ['sqs:ReceiveMessage', ['dispatch-jobs', 'record-container-events']],
    [
      'dynamodb:UpdateItem',
      ['control', 'dispatch-jobs', 'record-container-events', 'record-run-events', 'sweep-jobs'],
    ],
  ])('give %s to those who need it and to nobody else', (action, holders) => {
    expect(holdersOf(action)).toEqual(holders);
  });

  it('are held by each function in a role of its own', () => {
    const roles = [...functions.keys()].map(roleOf);

    expect(new Set(roles).size).toBe(functions.size);
  });
});

describe('a container', () => {
  const [definition] = ofType('Batch::JobDefinition');
  const jobRole = definition?.properties.ContainerProperties.JobRoleArn['Fn::GetAtt'][0];
  const issuer = functions.get('issue-job-credentials');

  it('may do one thing by itself: ask for its own credentials', () => {
    const statements = policyOf(jobRole);

    expect(statements).toEqual([
      {
        Effect: 'Allow',
        Action: ['lambda:InvokeFunction'],
        Resource: [{ 'Fn::GetAtt': [issuer?.id, 'Arn'] }],
      },
    ]);
  });

  it('gets a session that only the issuer can open, for an hour, and that reaches objects and its event queue', () => {
    const session = ofType('IAM::Role').find(({ id }) => id.startsWith('JobSessionSessionRole'));
    const trust = statementsOf(session?.properties.AssumeRolePolicyDocument);

    const actions = policyOf(session?.id ?? '').flatMap(({ Action }) => Action);

    expect(session?.properties.MaxSessionDuration).toBe(3600);
    expect(trust.map(({ Principal }) => Principal)).toEqual([
      { AWS: { 'Fn::GetAtt': [roleOf('issue-job-credentials'), 'Arn'] } },
    ]);
    expect(new Set(actions.map((action) => action.split(':')[0]))).toEqual(new Set(['s3', 'kms', 'sqs']));
  });

  it('shares its role with every other container, and its machine gives it no other', () => {
    const roles = ofType('Batch::JobDefinition').map(
      ({ properties }) => properties.ContainerProperties.JobRoleArn,
    );
    const metadata = ofType('EC2::LaunchTemplate').map(
      ({ properties }) => properties.LaunchTemplateData.MetadataOptions,
    );

    expect(roles).toEqual(roles.map(() => ({ 'Fn::GetAtt': [jobRole, 'Arn'] })));
    expect(metadata).toEqual([{ HttpTokens: 'required', HttpPutResponseHopLimit: 1 }]);
  });
});

const names = Object.keys(functionEnvironments).filter(
  (name): name is FunctionName => name in functionEnvironments,
);

/** What a process will see: text stays, references become some text. */
const asSeen = (variables: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );

const ours = (variables: object) =>
  Object.keys(variables)
    .filter((name) => name.startsWith('INGOT_'))
    .sort();

describe('the variables that a function gets', () => {
  it('are given to every function that there is', () => {
    expect([...functions.keys()].sort()).toEqual([...names].sort());
  });

  it.each(names)('are those that its entry reads: %s', (name) => {
    const variables = asSeen(functions.get(name)?.properties.Environment.Variables);

    const read = readEnvironment(functionEnvironments[name], variables);

    expect(ours(read)).toEqual(ours(variables));
  });
});

describe('the variables that a container gets', () => {
  // with each run, by the dispatcher
  const brought = {
    INGOT_ORDER: '{}',
    INGOT_TENANT: 'acme',
    INGOT_JOB_ID: 'job_1',
    INGOT_JOB_TOKEN: 'token',
  };

  it.each([
    ['cpu', 'FleetCpu'],
    ['cuda', 'FleetGpu'],
  ])('are those that it reads, and say that it has %s', (provider, id) => {
    const definition = ofType('Batch::JobDefinition').find((one) => one.id.startsWith(id));
    const given: { Name: string; Value: unknown }[] = definition?.properties.ContainerProperties.Environment;
    const variables = asSeen(Object.fromEntries(given.map(({ Name, Value }) => [Name, Value])));

    const settings = readEnvironment(containerEnvironment, { ...variables, ...brought });

    expect(settings).toMatchObject({ INGOT_PROVIDER: provider, INGOT_CLOUD: 'aws' });
    expect(() => readEnvironment(awsContainerEnvironment, { ...variables, ...brought })).not.toThrow();
  });
});
