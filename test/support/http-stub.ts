import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface StubRequest {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface StubAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface HttpStub {
  endpoint: string;
  requests: StubRequest[];
  close(): Promise<void>;
}

/** A real HTTP server that answers as a test says, for what no test server of AWS does: refusals, throttling, silence. */
export const startHttpStub = async (
  answer: (request: StubRequest) => StubAnswer | undefined,
): Promise<HttpStub> => {
  const requests: StubRequest[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece);
    const { method = '', url = '', headers } = request;
    const seen = { method, url, headers, body: Buffer.concat(pieces).toString() };
    requests.push(seen);
    const given = answer(seen);
    if (given !== undefined) response.writeHead(given.status, given.headers).end(given.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { endpoint: `http://127.0.0.1:${port}`, requests, close };
};
