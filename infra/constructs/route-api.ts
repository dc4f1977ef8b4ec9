import { Duration, Fn } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CfnAuthorizer,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RequestAuthorizer,
  ResponseTransferMode,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import type { StageConfig } from '../stages';
import { acknowledge, acknowledgeManagedPolicy } from './acknowledge';
import type { CustomerKey } from './customer-key';
import { EncryptedLogs } from './encrypted-logs';
import { answerAsProblems } from './problem-responses';
import type { ServiceFunction } from './service-function';
import { fiveMinutes, type Watch } from './watch';

export type RouteTarget = RouteDefinition['function'];

export interface RouteApiProps {
  stage: StageConfig;
  key: CustomerKey;
  routes: readonly RouteDefinition[];
  targets: Readonly<Record<RouteTarget, ServiceFunction>>;
  authorizer: ServiceFunction;
}

/** A REST API with one method for each row of the route table. */
export class RouteApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, id: string, props: RouteApiProps) {
    super(scope, id);
    this.api = this.#restApi(props);
    const authorizer = requestAuthorizer(this, props.authorizer);
    const integrations = integrationsOf(props.targets);
    for (const route of props.routes) {
      const resource = this.api.root.resourceForPath(route.path);
      const method = resource.addMethod(route.method, integrations[route.function], {
        operationName: route.name,
        ...(route.scope === undefined
          ? { authorizationType: AuthorizationType.NONE }
          : { authorizationType: AuthorizationType.CUSTOM, authorizer }),
      });
      acknowledge(
        method,
        'COG4',
        'programs call this API with keys of ours, which the request authorizer checks; there are no users to sign in',
      );
      if (route.scope === undefined)
        acknowledge(method, 'APIG4', `'${route.name}' is for everybody and tells nothing of any tenant`);
    }
    answerAsProblems(this.api);
  }

  #restApi({ stage, key }: RouteApiProps): RestApi {
    const accessLogs = new EncryptedLogs(this, 'AccessLogs', { stage, key });
    const api = new RestApi(this, 'Rest', {
      restApiName: `ingot-${stage.name}`,
      description: 'Ingot',
      endpointTypes: [EndpointType.REGIONAL],
      // tensors of the Open Inference Protocol; everything else is text
      binaryMediaTypes: ['application/octet-stream'],
      cloudWatchRole: true,
      deployOptions: {
        stageName: stage.name,
        tracingEnabled: true,
        metricsEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        throttlingRateLimit: stage.requestsPerSecond,
        throttlingBurstLimit: stage.requestBurst,
        accessLogDestination: new LogGroupLogDestination(accessLogs.group),
        accessLogFormat: accessLogFormat(),
      },
    });
    const executionLogs = new EncryptedLogs(this, 'ExecutionLogs', {
      stage,
      key,
      // made here, before API Gateway makes it by itself, unencrypted and for ever
      name: Fn.join('', ['API-Gateway-Execution-Logs_', api.restApiId, `/${stage.name}`]),
    });
    api.deploymentStage.node.addDependency(executionLogs);
    const logWriter = api.node.findChild('CloudWatchRole');
    acknowledgeManagedPolicy(
      logWriter,
      'service-role/AmazonAPIGatewayPushToCloudWatchLogs',
      'API Gateway takes no narrower one: the role is an account-wide setting, which API Gateway tests when it is made',
    );
    acknowledge(
      api,
      'APIG2',
      'handlers validate each request by the contract and tell every fault with its JSON Pointer; API Gateway could only say "invalid request body"',
    );
    return api;
  }

  watches(): Watch[] {
    const { deploymentStage } = this.api;
    return [
      {
        id: 'ApiFaults',
        description:
          'the API answered with 5xx: find the request ids in the access logs, then in the logs of the function',
        metric: deploymentStage.metricServerError({ period: fiveMinutes, statistic: 'Sum' }),
        threshold: 5,
      },
      {
        id: 'ApiSlow',
        description:
          'one request in a hundred takes more than 5 s: look at cold starts, model sizes and the memory of the functions',
        metric: deploymentStage.metricLatency({ period: fiveMinutes, statistic: 'p99' }),
        threshold: 5_000,
        periods: 3,
      },
    ];
  }
}

/**
 * No cache in API Gateway: it would need a header that every request carries, and a key comes in either of two. The function
 * has a cache of its own, short enough that a revoked key dies within a minute.
 */
function requestAuthorizer(scope: Construct, handler: ServiceFunction): RequestAuthorizer {
  const authorizer = new RequestAuthorizer(scope, 'Authorizer', {
    handler,
    identitySources: [],
    resultsCacheTtl: Duration.seconds(0),
  });
  const resource = authorizer.node.defaultChild;
  // CDK writes the empty list as an empty text
  if (CfnAuthorizer.isCfnAuthorizer(resource)) resource.addPropertyDeletionOverride('IdentitySource');
  return authorizer;
}

/** One permission for each function, not one for each method: a function's policy has room for 20 KB. */
function integrationsOf(targets: RouteApiProps['targets']): Record<RouteTarget, LambdaIntegration> {
  const buffered = (handler: ServiceFunction) =>
    new LambdaIntegration(handler, { scopePermissionToMethod: false });
  return {
    control: buffered(targets.control),
    predict: buffered(targets.predict),
    events: new LambdaIntegration(targets.events, {
      scopePermissionToMethod: false,
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.minutes(15),
    }),
  };
}

/** Who, what, how long, how it ended, by which request id; never a query, a header or a body. */
const accessLogFormat = () =>
  AccessLogFormat.custom(
    JSON.stringify({
      request_id: '$context.requestId',
      at: '$context.requestTimeEpoch',
      method: '$context.httpMethod',
      path: '$context.resourcePath',
      status: '$context.status',
      address: '$context.identity.sourceIp',
      tenant: '$context.authorizer.tenant',
      key: '$context.authorizer.keyId',
      response_bytes: '$context.responseLength',
      milliseconds: '$context.responseLatency',
      integration_milliseconds: '$context.integration.latency',
      authorizer_error: '$context.authorizer.error',
      error: '$context.error.responseType',
      trace: '$context.xrayTraceId',
    }),
  );
