import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import findMyWay from 'find-my-way';
import { downloadsPath, uploadsPath } from '../../shared/adapters/embedded/signed-urls';
import { NotFoundError } from '../../shared/errors/request-errors';
import type { Ids } from '../../shared/ports/ids';
import { type LocalAnswer, proxyEvent } from './proxy-event';
import { readBody } from './read-body';

export interface GatewayRoute {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/v1/jobs/{id}` */
  path: string;
  isPublic: boolean;
  /** May go on for as long as its caller listens. */
  isStream: boolean;
  handler: (event: ReturnType<typeof proxyEvent>, signal: AbortSignal | undefined) => Promise<LocalAnswer>;
}

export interface GatewayOptions {
  routes: readonly GatewayRoute[];
  /** What the request authorizer puts into the request's context, or throws. */
  authorize: (headers: IncomingMessage['headers']) => Promise<Record<string, unknown>>;
  /** Takes the bytes of a presigned upload. */
  receiveUpload: (request: IncomingMessage, url: URL) => Promise<void>;
  /** Gives the bytes of a presigned download. */
  sendDownload: (url: URL) => Promise<LocalAnswer>;
  /** The one translation of errors to answers, for those that arise before a handler runs. */
  errorAnswer: (error: unknown, at: { path: string; requestId: string }) => LocalAnswer;
  ids: Ids;
}

const lingerMilliseconds = 5_000;

/** Reads on past an answer that came early: a caller whose pipe breaks while it still sends never reads why. */
async function linger(request: IncomingMessage): Promise<void> {
  request.resume();
  await finished(request, { signal: AbortSignal.timeout(lingerMilliseconds) }).catch(() => undefined);
}

async function send(response: ServerResponse, answer: LocalAnswer): Promise<void> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(answer.headers ?? {})) headers[name] = String(value);
  for (const [name, values] of Object.entries(answer.multiValueHeaders ?? {}))
    headers[name] = values.map(String);
  if (answer.stream) {
    response.writeHead(answer.statusCode, headers);
    response.flushHeaders();
    return pipeline(Readable.from(answer.stream), response);
  }
  // a text leaves in one write with the headers, which bytes do not
  const body = answer.isBase64Encoded ? Buffer.from(answer.body, 'base64') : answer.body;
  headers['content-length'] = String(Buffer.byteLength(body));
  response.writeHead(answer.statusCode, headers);
  if (response.req.complete) return void response.end(body);
  response.write(body);
  await linger(response.req);
  response.end();
}

/** A path that begins with two slashes is no host, and `*` (RFC 9112, section 3.2) no path of ours. */
function urlOf({ url = '/', method }: IncomingMessage): URL {
  const whole = url.startsWith('/') ? `http://local${url}` : url;
  if (!URL.canParse(whole)) throw new NotFoundError('route', `${method} ${url}`);
  return new URL(whole);
}

/** Aborts when the caller goes before the answer is whole; too costly to be made for answers that take no time. */
function signalOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** API Gateway at home: the route table over `node:http`, each request an event to the same handlers as on AWS. */
export function gatewayListener(options: GatewayOptions): RequestListener {
  const router = findMyWay({ ignoreTrailingSlash: true, maxParamLength: 500 });
  for (const route of options.routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
    router.on(route.method, path, () => undefined, route);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
  ): Promise<LocalAnswer> {
    const url = urlOf(request);
    if (request.method === 'PUT' && url.pathname.startsWith(uploadsPath)) {
      await options.receiveUpload(request, url);
      return { statusCode: 200, headers: { 'x-request-id': requestId }, body: '' };
    }
    const method = request.method ?? 'GET';
    if (method === 'GET' && url.pathname.startsWith(downloadsPath)) {
      const { headers, ...file } = await options.sendDownload(url);
      return { ...file, headers: { ...headers, 'x-request-id': requestId } };
    }
    const found = router.find(method as 'GET', url.pathname);
    if (found === null) throw new NotFoundError('route', `${method} ${url.pathname}`);
    const route = found.store as GatewayRoute;
    const authorizer = route.isPublic ? undefined : await options.authorize(request.headers);
    const event = proxyEvent(request, {
      method,
      url,
      requestId,
      authorizer,
      resource: route.path,
      pathParameters: found.params as Record<string, string>,
      body: await readBody(request),
    });
    return route.handler(event, route.isStream ? signalOf(response) : undefined);
  }

  return async (request, response) => {
    const requestId = options.ids.next('req');
    try {
      await send(response, await answer(request, response, requestId));
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const path = request.url ?? '/';
      // an unread body would be taken for the next request on this connection
      if (!request.complete) response.setHeader('connection', 'close');
      await send(response, options.errorAnswer(error, { path, requestId }));
    }
  };
}
