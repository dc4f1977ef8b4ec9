import { connect, type Socket } from 'node:net';

export interface Load {
  url: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  connections: number;
}

/**
 * Requests over kept-alive connections, each with one request under way at a time. It speaks HTTP over bare sockets, so
 * that on few cores the client takes as little as can be from the server that is measured.
 */
export interface LoadClient {
  /** Answers that came within the time; every one has to be a 200. */
  run(milliseconds: number): Promise<{ answers: number; seconds: number }>;
  close(): void;
}

const endOfHeaders = Buffer.from('\r\n\r\n');

/** Length of the first whole answer in the buffer; undefined while it is not there. */
function answerLength(buffer: Buffer): number | undefined {
  const end = buffer.indexOf(endOfHeaders);
  if (end < 0) return undefined;
  const head = buffer.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`the server answered:\n${buffer.toString('utf8')}`);
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
  const whole = end + endOfHeaders.length + length;
  return buffer.length >= whole ? whole : undefined;
}

function requestBytes({ url, path, headers, body }: Load): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: ${new URL(url).host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function opened(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

/** One request after the other until the time is over; the answer is how many were answered. */
function converse(socket: Socket, request: Buffer, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let answers = 0;
    let received: Buffer = Buffer.alloc(0);
    const end = (settle: () => void) => {
      socket.removeAllListeners('data').removeAllListeners('error');
      settle();
    };
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('data', (chunk: Buffer) => {
      try {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const length = answerLength(received);
        if (length === undefined) return;
        received = received.subarray(length);
      } catch (error) {
        end(() => reject(error));
        return;
      }
      answers++;
      if (performance.now() < until) socket.write(request);
      else end(() => resolve(answers));
    });
    socket.write(request);
  });
}

export async function openLoadClient(load: Load): Promise<LoadClient> {
  const { hostname, port } = new URL(load.url);
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, () =>
      opened(connect({ host: hostname, port: Number(port), noDelay: true })),
    ),
  );
  const request = requestBytes(load);
  return {
    async run(milliseconds) {
      const start = performance.now();
      const counts = await Promise.all(
        sockets.map((socket) => converse(socket, request, start + milliseconds)),
      );
      return {
        answers: counts.reduce((sum, count) => sum + count, 0),
        seconds: (performance.now() - start) / 1000,
      };
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
