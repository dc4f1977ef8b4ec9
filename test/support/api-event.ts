import type { APIGatewayProxyEvent } from 'aws-lambda';

export interface ApiRequest {
  method?: string;
  /** With its query. */
  path?: string;
  /** Sent as it is where it is text, else as JSON. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  pathParameters?: Readonly<Record<string, string>>;
  authorizer?: Readonly<Record<string, unknown>>;
  isBase64Encoded?: boolean;
}

export const requestId = 'req_01JTEST';

const textOf = (body: unknown): string | null => {
  if (body === undefined) return null;
  return typeof body === 'string' ? body : JSON.stringify(body);
};

const noIdentity: APIGatewayProxyEvent['requestContext']['identity'] = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp: '127.0.0.1',
  user: null,
  userAgent: null,
  userArn: null,
};

/** A request as API Gateway's REST proxy integration hands it to a function. */
export function anApiEvent(request: ApiRequest = {}): APIGatewayProxyEvent {
  const { method = 'GET', path = '/', headers = {}, pathParameters, authorizer } = request;
  const url = new URL(path, 'http://localhost');
  const names = [...new Set(url.searchParams.keys())];
  const query = Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)]));
  return {
    resource: url.pathname,
    path: url.pathname,
    httpMethod: method,
    headers: { ...headers },
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    pathParameters: pathParameters === undefined ? null : { ...pathParameters },
    queryStringParameters: Object.fromEntries(Object.entries(query).map(([name, [first]]) => [name, first])),
    multiValueQueryStringParameters: query,
    body: textOf(request.body),
    isBase64Encoded: request.isBase64Encoded ?? false,
    stageVariables: null,
    requestContext: {
      accountId: '000000000000',
      apiId: 'test',
      authorizer: authorizer === undefined ? null : { ...authorizer },
      protocol: 'HTTP/1.1',
      httpMethod: method,
      path: url.pathname,
      stage: 'test',
      requestId,
      requestTimeEpoch: 0,
      resourceId: url.pathname,
      resourcePath: url.pathname,
      identity: noIdentity,
    },
  };
}
