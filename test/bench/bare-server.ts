import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * What somebody writes in an afternoon: `node:http` and ONNX Runtime around one model, no keys, no checks, no versions.
 * Arguments: the path of the model. Prints its URL.
 */
const [, , modelPath = ''] = process.argv;
const session = await InferenceSession.create(await readFile(modelPath), { intraOpNumThreads: 1 });
const types = session.inputMetadata.map((input) => ({
  name: input.name,
  isText: input.isTensor && input.type === 'string',
}));

type Instance = Record<string, string | number | null>;

function feedsOf(instances: readonly Instance[]) {
  const dims = [instances.length];
  const entries = types.map(({ name, isText }) => {
    const values = instances.map((instance) => instance[name] ?? null);
    const tensor = isText
      ? new Tensor(
          'string',
          values.map((value) => (value === null ? '' : String(value))),
          dims,
        )
      : new Tensor(
          'float32',
          Float32Array.from(values, (value) => (value === null ? Number.NaN : Number(value))),
          dims,
        );
    return [name, tensor] as const;
  });
  return Object.fromEntries(entries);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const server = createServer(async (request, response) => {
  const { instances } = JSON.parse(await bodyOf(request)) as { instances: Instance[] };
  const outputs = await session.run(feedsOf(instances));
  const answer = Object.entries(outputs).map(([name, { dims, data }]) => ({
    name,
    dims,
    data: Array.from(data as Float32Array),
  }));
  const body = JSON.stringify(answer);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`ready http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
});
