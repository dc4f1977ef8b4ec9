import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Sends a path as it is written; `fetch` and `URL` take dots and slashes out of it first. */
export const sendVerbatim = (server: string, path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(server);
    request({ hostname, port, path, headers }, async (answer) => {
      resolve({ status: answer.statusCode ?? 0, body: await text(answer) });
    })
      .once('error', reject)
      .end();
  });
