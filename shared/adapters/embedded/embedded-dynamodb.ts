import { createHash } from 'node:crypto';
import { access, chmod, mkdir, rename, rm, unlink } from 'node:fs/promises';
import { Agent, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { ConfigurationError } from '../../errors/job-errors';
import { recordTable } from '../aws/record-item';

export interface EmbeddedDynamodb {
  client: DynamoDBClient;
  tableName: string;
  /** Cuts off requests that still run; a second call waits for the first. */
  close(): Promise<void>;
}

const longestSocketPath = 100;

/** A socket instead of a port: its file's mode keeps other users out, and it shows whether somebody serves the folder already. */
const socketPathOf = (folder: string): string => {
  const name = `ingot-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const inside = join(folder, 'records.sock');
  return Buffer.byteLength(inside) <= longestSocketPath ? inside : join(tmpdir(), `${name}.sock`);
};

const isServed = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect({ path: socketPath });
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });

const claimSocket = async (folder: string): Promise<string> => {
  const socketPath = socketPathOf(folder);
  if (await isServed(socketPath))
    throw new ConfigurationError(
      `the records in '${folder}' are in use by another process: stop it, or use another folder`,
    );
  await unlink(socketPath).catch(() => undefined);
  return socketPath;
};

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
};

/** Dynalite throws, outside of anybody's reach, when a request ends early: it gets to see only requests that have arrived whole. */
const shield = (server: Server): void => {
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request).catch(() => undefined);
    if (body === undefined) return;
    const { method, url, headers } = request;
    const whole = Object.assign(Readable.from([body]), { method, url, headers });
    for (const handle of handlers) handle.call(server, whole, response);
  });
};

const listen = (server: Server, socketPath: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new ConfigurationError(`cannot serve the records at '${socketPath}': look at its folder`, error),
      ),
    );
    server.listen(socketPath, resolve);
  });

class SocketAgent extends Agent {
  readonly #path: string;
  constructor(path: string) {
    super({ keepAlive: true });
    this.#path = path;
  }
  override createConnection() {
    return connect({ path: this.#path });
  }
}

/** Dynalite checks no signature, so these are no secret; who may open the socket is what protects the records. */
const credentials = { accessKeyId: 'embedded', secretAccessKey: 'embedded' };

interface Served {
  client: DynamoDBClient;
  close(): Promise<void>;
}

const serve = async (path: string, socketPath: string): Promise<Served> => {
  const server = dynalite({ path, createTableMs: 0 });
  shield(server);
  await listen(server, socketPath);
  if (process.platform !== 'win32') await chmod(socketPath, 0o600);
  const agent = new SocketAgent(socketPath);
  const requestHandler = { httpAgent: agent, requestTimeout: 30_000, throwOnRequestTimeout: true };
  const client = new DynamoDBClient({
    region: 'embedded',
    endpoint: 'http://localhost',
    credentials,
    requestHandler,
  });
  let ending: Promise<void> | undefined;
  const end = async () => {
    client.destroy();
    agent.destroy();
    server.closeAllConnections();
    await new Promise<void>((resolve, reject) =>
      server.close((error) => (error ? reject(error) : resolve())),
    );
  };
  const close = () => {
    ending ??= end();
    return ending;
  };
  return { client, close };
};

const isActive = async (client: DynamoDBClient, tableName: string): Promise<boolean> => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }));
  return Table?.TableStatus === 'ACTIVE';
};

/**
 * A table that is not yet active when its process dies stays so for good: it is made in a folder of another name, which
 * becomes the real one when the table is there.
 */
const createDatabase = async (path: string, socketPath: string, tableName: string): Promise<void> => {
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  const { client, close } = await serve(unfinished, socketPath);
  try {
    await client.send(new CreateTableCommand(recordTable(tableName)));
    while (!(await isActive(client, tableName))) await sleep(1);
  } finally {
    await close();
  }
  await rename(unfinished, path);
};

/**
 * DynamoDB in this process (dynalite on LevelDB), kept in the folder, and a client for it. What was acknowledged
 * survives `kill -9`, though not a power cut. `ConfigurationError` when another process has the folder open.
 */
export const openEmbeddedDynamodb = async (
  folder: string,
  tableName = 'ingot',
): Promise<EmbeddedDynamodb> => {
  const path = join(folder, 'leveldb');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socketPath = await claimSocket(folder);
  const isNew = await access(path).then(
    () => false,
    () => true,
  );
  if (isNew) await createDatabase(path, socketPath, tableName);
  return { ...(await serve(path, socketPath)), tableName };
};
