import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sendDownload } from '../../../infra/local/send-download';
import { openFileKeyService } from '../../../shared/adapters/embedded/file-key-service';
import { openFileObjectStore } from '../../../shared/adapters/embedded/file-object-store';
import { type SignedUrls, signedUrls } from '../../../shared/adapters/embedded/signed-urls';
import { InvalidSignatureError } from '../../../shared/errors/access-errors';
import { NotFoundError } from '../../../shared/errors/request-errors';
import { ConditionFailedError, IntegrityError } from '../../../shared/errors/store-errors';
import type { ObjectStore } from '../../../shared/ports/object-store';
import { describeObjectStore } from './object-store-contract';

const statuses = [
  { error: InvalidSignatureError, status: 403 },
  { error: ConditionFailedError, status: 412 },
  { error: IntegrityError, status: 400 },
  { error: NotFoundError, status: 404 },
];

/** What the gateway does with an upload, and no more. */
const takeUpload = async (
  request: IncomingMessage,
  store: ObjectStore,
  uploads: SignedUrls,
): Promise<number> => {
  try {
    const { method = '', url = '', headers } = request;
    const { key, sha256 } = uploads.verifyUpload({ method, url, headers });
    await store.put(key, request, { ifAbsent: true, ...(sha256 === undefined ? {} : { sha256 }) });
    return 200;
  } catch (caught) {
    return statuses.find(({ error }) => caught instanceof error)?.status ?? 500;
  }
};

/** The gateway's answer to a download. */
const giveDownload = async (
  request: IncomingMessage,
  response: ServerResponse,
  send: ReturnType<typeof sendDownload>,
): Promise<void> => {
  try {
    const { statusCode, headers = {}, stream = [] } = await send(new URL(request.url ?? '', 'http://local'));
    response.writeHead(
      statusCode,
      Object.fromEntries(Object.entries(headers).map(([n, v]) => [n, String(v)])),
    );
    await pipeline(stream, response);
  } catch (caught) {
    response.statusCode = statuses.find(({ error }) => caught instanceof error)?.status ?? 500;
    response.end();
  }
};

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

const aFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const makeWithGateway = async (): Promise<ObjectStore> => {
  const folder = await aFolder();
  const keys = await openFileKeyService(join(folder, 'key'));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const uploads = signedUrls({ baseUrl: `http://127.0.0.1:${port}`, signingKey: keys.derive('uploads') });
  const store = await openFileObjectStore({ folder, keys, uploads });
  server.on('request', async (request, response) => {
    if (request.method === 'GET') return giveDownload(request, response, sendDownload(store, uploads));
    response.statusCode = await takeUpload(request, store, uploads);
    response.end();
  });
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return store;
};

describeObjectStore('the file object store', makeWithGateway);
