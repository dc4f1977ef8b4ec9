import { once } from 'node:events';
import type { Server } from 'node:http';
import { ConfigurationError } from '../../shared/errors/job-errors';

const reasons: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `port ${port} on ${host} is in use: stop what uses it, or set INGOT_PORT to another one`,
  EACCES: (_host, port) => `port ${port} may not be used by this user: set INGOT_PORT to one above 1023`,
  EADDRNOTAVAIL: (host) => `this machine has no address ${host}: set INGOT_HOST to one that it has`,
};

/** Starts listening and answers with the URL; port 0 takes a free one. */
export async function listen(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<string> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ConfigurationError(reasons[code]?.(host, port) ?? `cannot listen on ${host}:${port}`, error);
  }
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}
