import type { IncomingMessage } from 'node:http';
import { PayloadTooLargeError } from '../../shared/errors/request-errors';

/** API Gateway's own bound on a request; the functions' narrower one is the handlers' to keep. */
const gatewayLimitBytes = 10 * 1024 * 1024;

/** The whole body, refused as soon as it is known to be too large. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) {
    return Buffer.alloc(0);
  }
  const tooLarge = () =>
    new PayloadTooLargeError(
      `the body has more than ${gatewayLimitBytes} bytes: upload data sets, or send fewer rows`,
    );
  if (Number(request.headers['content-length'] ?? 0) > gatewayLimitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  // by events: an iterator costs more than the rest of a small request, and may destroy the caller's connection
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= gatewayLimitBytes) return;
      request.removeAllListeners('data').pause();
      reject(tooLarge());
    });
    request.once('end', () => resolve(Buffer.concat(chunks, bytes)));
    request.once('error', reject);
  });
}
