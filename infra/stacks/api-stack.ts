import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { FunctionName } from '../../shared/config/env';
import { routes } from '../../shared/contracts/routes';
import { acknowledge } from '../constructs/acknowledge';
import { AdminSecret } from '../constructs/admin-secret';
import { Firewall } from '../constructs/firewall';
import { PredictFunction } from '../constructs/predict-function';
import { RouteApi } from '../constructs/route-api';
import { ServiceFunction } from '../constructs/service-function';
import type { StageConfig } from '../stages';
import type { DataStack } from './data-stack';
import type { JobsStack } from './jobs-stack';

export interface ApiStackProps extends StackProps {
  stage: StageConfig;
  data: DataStack;
  jobs: JobsStack;
}

/** The HTTPS API: the route table behind a request authorizer, and the functions that answer. */
export class ApiStack extends Stack {
  readonly api: RouteApi;
  readonly predict: ServiceFunction;
  readonly authorizer: ServiceFunction;
  readonly functions: readonly ServiceFunction[];
  readonly #props: ApiStackProps;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    const { stage, data, jobs: _, ...stackProps } = props;
    super(scope, id, { ...stackProps, description: 'Ingot: REST API and the functions behind it' });
    this.#props = props;
    const control = this.#control();
    const events = this.#events();
    this.predict = this.#predict();
    this.authorizer = this.#authorizer();
    this.functions = [control, events, this.predict, this.authorizer];
    this.api = new RouteApi(this, 'Api', {
      stage,
      key: data.key,
      routes: Object.values(routes),
      targets: { control, predict: this.predict, events },
      authorizer: this.authorizer,
    });
    this.#guard(stage);
    new CfnOutput(this, 'ApiUrl', { value: this.api.api.url });
  }

  #function(id: string, name: FunctionName, description: string): ServiceFunction {
    const { stage, data } = this.#props;
    return new ServiceFunction(this, id, { name, description, stage, key: data.key });
  }

  #control(): ServiceFunction {
    const { data, jobs } = this.#props;
    const control = this.#function('Control', 'control', 'Every operation but predictions and event streams');
    data.records.grantReadWriteRecords(control);
    data.artifacts.grantReadWrite(control);
    jobs.jobQueue.grantSend(control);
    // cancelling a job stops its run
    jobs.fleet.grantStop(control);
    return control;
  }

  #predict(): ServiceFunction {
    const { stage, data } = this.#props;
    const predict = new PredictFunction(this, 'Predict', {
      description: 'Predictions, by our own routes and by the Open Inference Protocol',
      stage,
      key: data.key,
    });
    data.records.grantReadRecords(predict);
    data.artifacts.grantRead(predict);
    return predict;
  }

  #events(): ServiceFunction {
    const events = this.#function('JobEvents', 'stream-job-events', 'Streams the events of a job');
    this.#props.data.records.grantReadRecords(events);
    return events;
  }

  #authorizer(): ServiceFunction {
    const { stage, data } = this.#props;
    const authorizer = this.#function(
      'Authorizer',
      'authorize',
      'Tells whose key a request carries, and its scopes',
    );
    data.records.grantReadRecords(authorizer);
    const secret = new AdminSecret(this, 'AdminKey', { stage, key: data.key });
    secret.grantReadKey(authorizer);
    new CfnOutput(this, 'AdminSecretName', { value: secret.secretName });
    new CfnOutput(this, 'AuthorizerName', { value: authorizer.functionName });
    return authorizer;
  }

  #guard(stage: StageConfig): void {
    const { deploymentStage } = this.api.api;
    if (stage.firewall) return void new Firewall(this, 'Firewall', deploymentStage.stageArn);
    acknowledge(
      deploymentStage,
      'APIG3',
      'this deployment was configured without AWS WAF (-c firewall=true adds it): keys and throttling still guard it',
    );
  }
}
