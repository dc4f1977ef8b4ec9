import { STATUS_CODES } from 'node:http';
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { Problem } from '../../shared/contracts/problem';

type Answer = Pick<Problem, 'status' | 'code' | 'detail'>;

const answer = (status: number, code: string, detail: string): Answer => ({ status, code, detail });

const signIn = "no valid API key: send 'Authorization: Bearer <key>' or 'x-api-key: <key>'";
const unavailable = answer(503, 'unavailable', 'the service cannot answer now, try again');

/** What API Gateway answers by itself, before or instead of a handler; rows that say nothing of their own use the last two. */
const answers: ReadonlyMap<ResponseType, Answer> = new Map([
  [ResponseType.UNAUTHORIZED, answer(401, 'unauthenticated', signIn)],
  [ResponseType.ACCESS_DENIED, answer(403, 'forbidden', 'this key may not call this operation')],
  [ResponseType.WAF_FILTERED, answer(403, 'forbidden', 'the firewall refused this request')],
  // API Gateway's words for a path that it does not know
  [
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    answer(404, 'not_found', 'there is no such operation: see /openapi.json'),
  ],
  [
    ResponseType.RESOURCE_NOT_FOUND,
    answer(404, 'not_found', 'there is no such operation: see /openapi.json'),
  ],
  [
    ResponseType.REQUEST_TOO_LARGE,
    answer(413, 'payload_too_large', 'the request has more than 10 MB: upload data sets, or send fewer rows'),
  ],
  [ResponseType.UNSUPPORTED_MEDIA_TYPE, answer(415, 'unsupported_media_type', 'send application/json')],
  [ResponseType.THROTTLED, answer(429, 'too_many_requests', 'too many requests: wait and try again')],
  [ResponseType.QUOTA_EXCEEDED, answer(429, 'too_many_requests', 'too many requests: wait and try again')],
  [ResponseType.AUTHORIZER_FAILURE, unavailable],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, answer(500, 'internal', 'something went wrong on our side')],
  [ResponseType.INTEGRATION_FAILURE, unavailable],
  [
    ResponseType.INTEGRATION_TIMEOUT,
    answer(504, 'timeout', 'the answer took longer than 29 seconds: send fewer rows'),
  ],
  [
    ResponseType.DEFAULT_4XX,
    answer(400, 'invalid_request', 'the request was refused before it reached a handler'),
  ],
  [ResponseType.DEFAULT_5XX, answer(500, 'internal', 'something went wrong on our side')],
]);

const headersFor = (status: number): Record<string, string> => ({
  'x-request-id': 'context.requestId',
  ...(status === 429 || status === 503 ? { 'retry-after': "'1'" } : {}),
  ...(status === 401 ? { 'www-authenticate': '\'Bearer realm="ingot"\'' } : {}),
});

/** The API's own error shape for what never reaches a handler, so that a client needs to understand one shape only. */
export function answerAsProblems(api: RestApi): void {
  for (const [type, { status, code, detail }] of answers) {
    // a default keeps the status of what really happened
    const isDefault = type.responseType.startsWith('DEFAULT');
    const problem: Problem = {
      type: `urn:ingot:problem:${code}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail,
      instance: 'urn:ingot:request:$context.requestId',
      code,
    };
    api.addGatewayResponse(type.responseType, {
      type,
      ...(isDefault ? {} : { statusCode: String(status) }),
      responseHeaders: headersFor(status),
      templates: { 'application/problem+json': JSON.stringify(problem) },
    });
  }
}
