import type { IncomingMessage } from 'node:http';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';

export interface LocalRequest {
  method: string;
  url: URL;
  /** Path template of the route, e.g. `/v1/jobs/{id}`. */
  resource: string;
  pathParameters: Record<string, string>;
  body: Buffer;
  requestId: string;
  authorizer: Record<string, unknown> | undefined;
}

const textual = /^(application\/(.*\+)?json|text\/)/;

/** The event that API Gateway's REST proxy integration would hand to a function for this request. */
export function proxyEvent(request: IncomingMessage, local: LocalRequest): APIGatewayProxyEvent {
  const multiValueHeaders: Record<string, string[]> = {};
  const headers: Record<string, string> = {};
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = (request.rawHeaders[at] ?? '').toLowerCase();
    const value = request.rawHeaders[at + 1] ?? '';
    const known = multiValueHeaders[name];
    if (known === undefined) multiValueHeaders[name] = [value];
    else known.push(value);
    headers[name] = value;
  }
  const { searchParams, pathname } = local.url;
  const names = [...new Set(searchParams.keys())];
  const isText = local.body.length === 0 || textual.test(headers['content-type'] ?? 'application/json');
  return {
    resource: local.resource,
    path: pathname,
    httpMethod: local.method,
    headers,
    multiValueHeaders,
    pathParameters: local.pathParameters,
    queryStringParameters:
      names.length === 0
        ? null
        : Object.fromEntries(names.map((name) => [name, searchParams.getAll(name).at(-1) ?? ''])),
    multiValueQueryStringParameters:
      names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)])),
    body: local.body.length === 0 ? null : local.body.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: local.body.length > 0 && !isText,
    stageVariables: null,
    requestContext: requestContext(request, local),
  };
}

function requestContext(
  request: IncomingMessage,
  local: LocalRequest,
): APIGatewayProxyEvent['requestContext'] {
  return {
    accountId: '000000000000',
    apiId: 'local',
    authorizer: local.authorizer,
    protocol: 'HTTP/1.1',
    httpMethod: local.method,
    path: local.url.pathname,
    stage: 'local',
    requestId: local.requestId,
    requestTimeEpoch: Date.now(),
    resourceId: local.resource,
    resourcePath: local.resource,
    identity: {
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
      user: null,
      userArn: null,
      sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
      userAgent: request.headers['user-agent'] ?? null,
    },
  };
}

/** An answer that may be a stream, as a streaming function gives. */
export type LocalAnswer = APIGatewayProxyResult & { stream?: AsyncIterable<string | Uint8Array> };
