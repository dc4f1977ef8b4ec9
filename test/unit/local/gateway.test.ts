import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorResponse } from '../../../functions/middleware/error-response';
import { gatewayListener } from '../../../infra/local/gateway';
import { ulidIds } from '../../../shared/ports/ids';

/** Sends a target as it is written; `fetch` and `URL` would mend it first. */
const send = (server: Server, method: string, path: string) =>
  new Promise<number>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    request({ port, method, path }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    })
      .once('error', reject)
      .end();
  });

describe('the local gateway', () => {
  let server: Server;

  beforeAll(async () => {
    const handler = async () => ({ statusCode: 200, headers: {}, body: '{}' });
    server = createServer(
      gatewayListener({
        routes: [{ method: 'GET', path: '/things/{name}', isPublic: true, isStream: false, handler }],
        authorize: async () => ({}),
        receiveUpload: async () => undefined,
        sendDownload: async () => ({ statusCode: 200, body: '' }),
        errorAnswer: errorResponse,
        ids: ulidIds,
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, () => resolve()));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each([
    ['a path of two slashes', 'GET', '//', 404],
    ['a path that begins with two slashes, which name no host', 'GET', '//things/one', 404],
    ['the server as a whole', 'OPTIONS', '*', 404],
    ['a method that the path has not', 'POST', '/things/one', 404],
    ['a path that no percent-decoding reads', 'GET', '/things/%zz', 404],
    ['a target with its host', 'GET', 'http://elsewhere.example/things/one', 200],
  ])('answers %s', async (_what, method, path, expected) => {
    const status = await send(server, method, path);

    expect(status).toBe(expected);
  });
});
