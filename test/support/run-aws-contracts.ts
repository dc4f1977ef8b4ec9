// npm run test:aws: the AWS adapters' suites against moto, an AWS server that nobody here wrote. Words behind it go to jest.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const motoVersion = '5.2.5';
const cache = join('node_modules', '.cache');
const environment = join(cache, `moto-${motoVersion}`);
const pythonIn = (folder: string) =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
const isContinuousIntegration = /^(1|true)$/i.test(process.env.CI ?? '');

/** The suites cannot run here; `isBroken` where they should have been able to. */
class Unavailable extends Error {
  readonly isBroken: boolean;
  constructor(reason: string, isBroken: boolean) {
    super(reason);
    this.isBroken = isBroken;
  }
}

const run = (command: string, words: readonly string[]) =>
  spawnSync(command, words, {
    encoding: 'utf8',
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

const findPython = (): string => {
  const found = ['python3', 'python'].find(
    (name) => run(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0,
  );
  if (found === undefined) throw new Unavailable('there is no Python 3.10 or later', false);
  return found;
};

/** Installs into a folder of another name first, so that an install that was broken off is not taken for a whole one. */
const install = (): void => {
  const python = findPython();
  const unfinished = `${environment}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  const steps = [
    { command: python, words: ['-m', 'venv', unfinished], what: 'Python has no venv' },
    {
      command: pythonIn(unfinished),
      words: ['-m', 'pip', 'install', '--quiet', `moto[server]==${motoVersion}`],
      what: 'pip could not install moto',
    },
  ];
  try {
    for (const { command, words, what } of steps) {
      const { status, stderr } = run(command, words);
      if (status !== 0) throw new Unavailable(`${what} (${lastLine(stderr)})`, true);
    }
    if (!existsSync(environment)) renameSync(unfinished, environment);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const isUp = (endpoint: string): Promise<boolean> =>
  fetch(`${endpoint}/moto-api/data.json`).then(
    (answer) => answer.ok,
    () => false,
  );

/**
 * moto answers on many threads, and checks a condition in one step and writes in the next: two writers can both win. AWS
 * is atomic, so requests go in turn here, but for those of SQS, which may wait for messages.
 */
const serveInTurn = `
import sys, threading
from moto.moto_server.werkzeug_app import DomainDispatcherApplication as Application
from moto.server import main
turn, answer = threading.Lock(), Application.__call__
def in_turn(self, environ, start_response):
    if "/sqs/" in environ.get("HTTP_AUTHORIZATION", ""):
        return answer(self, environ, start_response)
    with turn:
        return answer(self, environ, start_response)
Application.__call__ = in_turn
main(sys.argv[1:])
`;

const startMoto = async (): Promise<{ moto: ChildProcess; endpoint: string }> => {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const words = ['-c', serveInTurn, '-H', '127.0.0.1', '-p', String(port)];
  const moto = spawn(pythonIn(environment), words, { stdio: 'ignore' });
  for (let waited = 0; waited < 600 && moto.exitCode === null; waited += 1) {
    if (await isUp(endpoint)) return { moto, endpoint };
    await sleep(100);
  }
  moto.kill();
  rmSync(environment, { recursive: true, force: true });
  throw new Unavailable('moto does not start: the next run will install it anew', true);
};

const endOf = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));

const runSuites = async (endpoint: string): Promise<number> => {
  const jest = join('node_modules', 'jest', 'bin', 'jest.js');
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  return endOf(
    spawn(process.execPath, [jest, ...process.argv.slice(2), '--selectProjects', 'aws'], {
      stdio: 'inherit',
      env,
    }),
  );
};

const main = async (): Promise<number> => {
  if (!existsSync(environment)) install();
  const { moto, endpoint } = await startMoto();
  const stopped = endOf(moto);
  try {
    return await runSuites(endpoint);
  } finally {
    moto.kill();
    await stopped;
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  const isFailure = error.isBroken && isContinuousIntegration;
  process.stdout.write(`AWS suites ${isFailure ? 'could not run' : 'skipped'}: ${error.message}\n`);
  process.exitCode = isFailure ? 1 : 0;
}
