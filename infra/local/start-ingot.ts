import { access, chmod, constants, mkdir, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { containerEventRecorder, dispatcher, sweeper } from '../../functions/composition/jobs';
import { jobLimits } from '../../functions/composition/platform';
import { asError } from '../../functions/usecases/job-log';
import { embeddedFolders } from '../../shared/adapters/embedded/embedded-folders';
import { type Environment, localEnvironment, readEnvironment } from '../../shared/config/env';
import { ConfigurationError } from '../../shared/errors/job-errors';
import { serviceLog } from '../../shared/observability/logger';
import { loadAdminKey } from './admin-key';
import { openEmbeddedCloud } from './embedded-cloud';
import { listen } from './listen';
import { localGateway } from './local-gateway';
import { containerEnvironment, localPlatform } from './local-platform';
import { pumpQueue } from './pump-queue';

export interface RunningIngot {
  url: string;
  adminKey: string;
  /** Stops the jobs at their next checkpoint, to go on at the next start, and then everything else. */
  stop(): Promise<void>;
}

/** As long as an upload URL is good for; Node cuts a request off after five minutes else. */
const uploadMilliseconds = 3_600_000;
const sweepMilliseconds = 5_000;
/** One process does it all, so what it left half-done was left by a process that is gone. */
const localLimits = { ...jobLimits, claimTimeoutSeconds: 15, resendAfterSeconds: 10, settleAfterSeconds: 5 };

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await chmod(home, 0o700);
    await access(home, constants.W_OK);
  } catch (error) {
    throw new ConfigurationError(
      `cannot keep anything in '${home}' (${asError(error).message}): set INGOT_HOME to a folder of this user's`,
      error,
    );
  }
}

/** Takes away what killed jobs left behind in the clear. */
async function sweepScratch(home: string): Promise<void> {
  const { scratch } = embeddedFolders(home);
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
}

// the SDK speaks to the embedded look-alike alone here, so its advice on Node versions for AWS is noise
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** What a caller gets who is there before the gateway is. */
const answerStarting: RequestListener = (_request, response) =>
  void response.writeHead(503, { 'retry-after': '1', connection: 'close' }).end();

const hangUp = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

type Close = () => Promise<unknown>;

/** Closes what was opened, last first; what cannot be closed keeps nothing else open. */
async function closeAll(open: Close[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of open.splice(0).reverse()) {
    await close().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function start(settings: z.infer<typeof localEnvironment>, opened: (close: Close) => void) {
  const home = resolve(settings.INGOT_HOME);
  const server = createServer(
    { keepAliveTimeout: 65_000, requestTimeout: uploadMilliseconds },
    answerStarting,
  );
  // first of all: a second server on this port changes nothing of the first one's
  const url = await listen(server, { host: settings.INGOT_HOST, port: settings.INGOT_PORT });
  opened(() => hangUp(server));
  await makeHome(home);
  const log = serviceLog('ingot', settings.INGOT_LOG_LEVEL);
  // refuses a folder that another server serves, whose scratch is then left alone
  const cloud = await openEmbeddedCloud(home, settings.INGOT_PUBLIC_URL?.replace(/\/+$/, '') ?? url);
  opened(cloud.close);
  await sweepScratch(home);
  const adminKey = await loadAdminKey(home, settings.INGOT_ADMIN_KEY);
  const platform = localPlatform(cloud, log, settings.INGOT_JOB_SLOTS);
  const onError = (error: unknown) => log.error('a background loop failed', {}, asError(error));
  const dispatch = dispatcher(
    { ...platform, containerEnvironment: containerEnvironment(home, settings.INGOT_THREADS) },
    localLimits,
  );
  const sweep = sweeper(platform, localLimits);
  for (const pump of [
    pumpQueue(cloud.jobQueue, dispatch, onError),
    pumpQueue(cloud.eventQueue, containerEventRecorder(platform), onError),
  ])
    opened(pump.stop);
  server.off('request', answerStarting).on('request', localGateway(platform, cloud, adminKey));
  // here too: at the end, callers go before what answers them
  opened(() => hangUp(server));
  opened(platform.runner.stop);
  await platform.runner.start();
  await sweep();
  const sweeping = setInterval(() => void sweep().catch(onError), sweepMilliseconds);
  opened(async () => clearInterval(sweeping));
  return { url, adminKey };
}

/**
 * The whole system in this process: gateway, functions, queues and records; jobs run in processes of their own. Where it
 * cannot start, nothing stays open: `ConfigurationError` where its user can mend it.
 */
export async function startIngot(environment: Environment): Promise<RunningIngot> {
  const settings = readEnvironment(localEnvironment, { INGOT_LOG_LEVEL: 'WARN', ...environment });
  const open: Close[] = [];
  const stop = () => closeAll(open);
  try {
    return { ...(await start(settings, (close) => void open.push(close))), stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}
