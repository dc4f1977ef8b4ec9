import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { type BundlingOptions, LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { env, type FunctionName } from '../../shared/config/env';
import type { StageConfig } from '../stages';
import { acknowledgeWildcards } from './acknowledge';
import { EncryptedLogs } from './encrypted-logs';
import { fiveMinutes, type Watch } from './watch';
import type { Permission, Workload } from './workload';

/** `cdk.json` lies there, and the CLI runs the app there. */
const projectRoot = process.cwd();

/** One file with everything inside, the pinned SDK too: what was tested is what runs. */
const defaultBundling: BundlingOptions = {
  minify: true,
  logLevel: LogLevel.WARNING,
  sourceMap: true,
  sourcesContent: false,
  target: 'node24',
  format: OutputFormat.ESM,
  mainFields: ['module', 'main'],
  externalModules: [],
  // CommonJS packages inside an ES module still call require()
  banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};

export interface ServiceFunctionProps {
  name: FunctionName;
  description: string;
  stage: StageConfig;
  key: IKey;
  bundling?: BundlingOptions;
}

/** A Lambda function of Ingot: its own role, its own encrypted logs, and no permission but those it is given. */
export class ServiceFunction extends NodejsFunction implements Workload {
  readonly entryName: FunctionName;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    const size = props.stage.functions[props.name];
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const logs = new EncryptedLogs(scope, `${id}Logs`, { stage: props.stage, key: props.key });
    super(scope, id, {
      entry: join(projectRoot, 'functions/entries', `${props.name}.ts`),
      handler: 'handler',
      projectRoot,
      depsLockFilePath: join(projectRoot, 'package-lock.json'),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role,
      logGroup: logs.group,
      tracing: Tracing.ACTIVE,
      memorySize: size.memoryMegabytes,
      timeout: Duration.seconds(size.timeoutSeconds),
      bundling: { ...defaultBundling, ...props.bundling },
      ...(size.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: size.reservedConcurrency }),
    });
    this.entryName = props.name;
    this.#role = role;
    logs.grantWrite(role);
    this.addEnvironment('NODE_OPTIONS', '--enable-source-maps');
    this.setVariable(env.INGOT_STAGE, props.stage.name);
    this.setVariable(env.INGOT_LOG_LEVEL, 'INFO');
    acknowledgeWildcards(role, {
      'Resource::*': 'X-Ray has no resources to name: traces are written to the account as a whole',
    });
  }

  watches(): Watch[] {
    return [
      {
        id: `${this.node.id}Errors`,
        description: `the function '${this.entryName}' failed: read its log group`,
        metric: this.metricErrors({ period: fiveMinutes, statistic: 'Sum' }),
        threshold: 1,
      },
    ];
  }

  allow({ actions, resources, wildcards }: Permission): void {
    this.#role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }));
    acknowledgeWildcards(this.#role, wildcards);
  }

  setVariable(name: keyof typeof env, value: string): void {
    this.addEnvironment(name, value);
  }
}
