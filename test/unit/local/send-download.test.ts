import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorResponse } from '../../../functions/middleware/error-response';
import { gatewayListener } from '../../../infra/local/gateway';
import { sendDownload } from '../../../infra/local/send-download';
import { ulidIds } from '../../../shared/ports/ids';
import { type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

describe('a download from the local gateway', () => {
  let stores: EmbeddedStores;
  let server: Server;
  beforeAll(async () => {
    stores = await openEmbeddedStores();
    server = createServer(
      gatewayListener({
        routes: [],
        authorize: async () => ({}),
        receiveUpload: async () => undefined,
        sendDownload: sendDownload(stores.objects, stores.uploads),
        errorAnswer: errorResponse,
        ids: ulidIds,
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await stores.close();
  });

  async function signed(key: string) {
    const request = { key, expiresInSeconds: 60, contentType: 'text/html; charset=utf-8' };
    const { url } = await stores.objects.presignDownload(request);
    const { port } = server.address() as AddressInfo;
    const { pathname, search } = new URL(url);
    return `http://127.0.0.1:${port}${pathname}${search}`;
  }

  it('comes without a key, as a file to be saved that could do nothing where it were shown', async () => {
    await stores.objects.put('artifacts/t/report.html', Buffer.from('<p>ä</p>'));

    const answer = await fetch(await signed('artifacts/t/report.html'));

    expect([answer.status, await answer.text()]).toEqual([200, '<p>ä</p>']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-disposition': 'attachment; filename="report.html"',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
      'content-type': 'text/html; charset=utf-8',
      'content-length': '9',
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-store',
      'x-request-id': expect.stringMatching(/^req_/),
    });
  });

  it.each<[string, (url: string) => string, number]>([
    ['an object that is not there', (url) => url, 404],
    ['another object', (url) => url.replace('/none.html', '/report.html'), 403],
    ['another type', (url) => url.replace('charset', 'charsex'), 403],
    ['no signature', (url) => url.replace(/&signature=.*/, ''), 403],
    ['a path out of the store', (url) => url.replace('artifacts/t', '..%2f..%2fkey'), 403],
  ])('refuses %s', async (_what, change, status) => {
    const answer = await fetch(change(await signed('artifacts/t/none.html')));

    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });
});
