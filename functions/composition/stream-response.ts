import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { RouteHandler } from '../http/route';

/** What Lambda's Node runtime puts into the global scope for functions that stream. */
interface LambdaStreaming {
  streamifyResponse(handler: (event: APIGatewayProxyEvent, stream: Writable) => Promise<void>): unknown;
  HttpResponseStream: {
    from(stream: Writable, prelude: { statusCode: number; headers: Record<string, string> }): Writable;
  };
}

const lambdaStreaming = (): LambdaStreaming | undefined =>
  (globalThis as { awslambda?: LambdaStreaming }).awslambda;

async function* bodyOf({ body, stream }: { body: string; stream?: AsyncIterable<string> }) {
  if (stream) yield* stream;
  else yield body;
}

/** A handler whose answers leave as they are made, behind API Gateway's `responseTransferMode: STREAM`. */
export function streamResponse(handler: RouteHandler, lambda = lambdaStreaming()): unknown {
  if (lambda === undefined) throw new Error('this function runs only in Lambda, with response streaming');
  return lambda.streamifyResponse(async (event, raw) => {
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    const answer = await handler(event, { signal: gone.signal });
    const headers = Object.fromEntries(
      Object.entries(answer.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    const stream = lambda.HttpResponseStream.from(raw, { statusCode: answer.statusCode, headers });
    // a reader who hangs up is no error of this function
    await pipeline(Readable.from(bodyOf(answer)), stream).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    });
  });
}
