import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ApiClient, apiClient } from '../../infra/local/api-client';

const root = join(__dirname, '../..');
export const adminKey = 'admin-key-for-the-tests-0123456789';

export interface IngotServer {
  url: string;
  client: ApiClient;
  process: ChildProcess;
  home: string;
  /** Everything that it has printed. */
  output: () => string;
  /** As Ctrl-C does. */
  stop(): Promise<number | null>;
  /** As a power cut does. */
  kill(): Promise<void>;
}

export const temporaryHome = () => mkdtemp(join(tmpdir(), 'ingot-test-'));
export const removeHome = (home: string) => rm(home, { recursive: true, force: true, maxRetries: 5 });

/** `npm start` as its user runs it: a process of its own, over HTTP alone. */
export async function startServer(
  home: string,
  environment: Record<string, string> = {},
): Promise<IngotServer> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'infra/local/main.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      INGOT_HOME: home,
      INGOT_PORT: '0',
      INGOT_ADMIN_KEY: adminKey,
      INGOT_LOG_LEVEL: 'WARN',
      ...environment,
    },
  });
  let printed = '';
  child.stderr.on('data', (text: Buffer) => {
    printed += String(text);
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      printed += `${line}\n`;
      const ready = /^ready (\S+)/.exec(line)?.[1];
      if (ready) resolve(ready);
    });
    child.once('exit', (code) =>
      reject(new Error(`the server ended with ${code} before it was ready:\n${printed}`)),
    );
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exited = once(child, 'exit');
    child.kill(signal);
    return (await exited)[0] as number | null;
  };
  return {
    url,
    home,
    process: child,
    client: apiClient(url, adminKey),
    output: () => printed,
    stop: () => end('SIGINT'),
    kill: async () => void (await end('SIGKILL')),
  };
}
