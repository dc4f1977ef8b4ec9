import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { controlHandlers } from '../../functions/composition/control';
import {
  containerEventRecorder,
  dispatcher,
  eventHandlers,
  runEventRecorder,
  sweeper,
} from '../../functions/composition/jobs';
import { storesOf } from '../../functions/composition/platform';
import { predictionHandlers } from '../../functions/composition/prediction';
import { authorize } from '../../functions/http/authorize';
import type { RouteHandler } from '../../functions/http/route';
import { errorResponse } from '../../functions/middleware/error-response';
import { asError } from '../../functions/usecases/job-log';
import { embeddedFolders } from '../../shared/adapters/embedded/embedded-folders';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import { type Environment, env, localEnvironment, readEnvironment } from '../../shared/config/env';
import type { RunEvent } from '../../shared/contracts/events';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { routes } from '../../shared/contracts/routes';
import { serviceLog } from '../../shared/observability/logger';
import { systemClock } from '../../shared/ports/clock';
import { ulidIds } from '../../shared/ports/ids';
import { jobBell } from '../../shared/stores/job-bell';
import { loadAdminKey } from './admin-key';
import { childProcessRunner } from './child-process-runner';
import { openEmbeddedCloud } from './embedded-cloud';
import { type GatewayRoute, gatewayListener } from './gateway';
import { listen } from './listen';
import { pumpQueue } from './pump-queue';
import { receiveUpload } from './receive-upload';

export interface RunningIngot {
  url: string;
  adminKey: string;
  /** Stops the jobs at their next checkpoint, to go on at the next start, and then everything else. */
  stop(): Promise<void>;
}

const sweepMilliseconds = 5_000;
const streamSeconds = 24 * 3_600;
const projectRoot = resolve(import.meta.dirname, '../..');
const containerCommand = [process.execPath, '--import', 'tsx', join(projectRoot, 'jobs/main.ts')] as const;
const modelCache = { maximumBytes: 512 * 2 ** 20, maximumModels: 64, threads: 1 };

async function prepareHome(home: string): Promise<void> {
  const { scratch } = embeddedFolders(home);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await chmod(home, 0o700);
  // what a killed job left behind in the clear
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
}

const gatewayRoutes = (handlers: Readonly<Record<string, RouteHandler>>): GatewayRoute[] =>
  Object.values<RouteDefinition>(routes).flatMap(({ name, method, path, scope }) => {
    const handler = handlers[name];
    if (handler === undefined) return [];
    return [
      { method, path, isPublic: scope === undefined, handler: (event, signal) => handler(event, { signal }) },
    ];
  });

// the SDK speaks to the embedded look-alike alone here, so its advice on Node versions for AWS is noise
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** The whole system in this process: gateway, functions, queues and records; jobs run in processes of their own. */
export async function startIngot(environment: Environment): Promise<RunningIngot> {
  const settings = readEnvironment(localEnvironment, { INGOT_LOG_LEVEL: 'WARN', ...environment });
  const home = resolve(settings.INGOT_HOME);
  const server = createServer({ keepAliveTimeout: 65_000 });
  const url = await listen(server, { host: settings.INGOT_HOST, port: settings.INGOT_PORT });
  await prepareHome(home);
  const log = serviceLog('ingot', settings.INGOT_LOG_LEVEL);
  const [cloud, adminKey] = await Promise.all([
    openEmbeddedCloud(home, url),
    loadAdminKey(home, settings.INGOT_ADMIN_KEY),
  ]);
  const { keys, objects, records, jobQueue, eventQueue } = cloud;

  const record: { run: (event: RunEvent) => Promise<void> } = { run: async () => undefined };
  const runner = childProcessRunner({
    store: cloud.runs,
    slots: settings.INGOT_JOB_SLOTS,
    command: containerCommand,
    cwd: projectRoot,
    deliver: (event) => record.run(event),
    clock: systemClock,
    ids: ulidIds,
    onLog: (line) => log.warn(line),
  });
  const platform = {
    records,
    keys,
    objects,
    jobQueue,
    runner,
    clock: systemClock,
    ids: ulidIds,
    log,
    bell: jobBell(),
  };
  record.run = runEventRecorder(platform);
  const containerEnvironment = {
    [env.INGOT_CLOUD]: 'embedded',
    [env.INGOT_HOME]: home,
    [env.INGOT_EVENT_QUEUE_URL]: embeddedFolders(home).eventQueue,
    [env.INGOT_THREADS]: String(settings.INGOT_THREADS),
  };
  const onError = (error: unknown) => log.error('a background loop failed', {}, asError(error));
  const sweep = sweeper(platform);
  server.on(
    'request',
    gatewayListener({
      routes: gatewayRoutes({
        ...controlHandlers(platform),
        ...eventHandlers(platform, streamSeconds),
        ...predictionHandlers({ ...platform, runtime: onnxModelRuntime(), cache: modelCache }),
      }),
      authorize: authorize({
        keys: storesOf(platform).apiKeys,
        administratorKey: adminKey,
        clock: systemClock,
      }),
      receiveUpload: receiveUpload(objects, cloud.uploads),
      errorAnswer: errorResponse,
      ids: ulidIds,
    }),
  );
  const pumps = [
    pumpQueue(jobQueue, dispatcher({ ...platform, containerEnvironment }), onError),
    pumpQueue(eventQueue, containerEventRecorder(platform), onError),
  ];
  await runner.start();
  await sweep();
  const sweeping = setInterval(() => void sweep().catch(onError), sweepMilliseconds);

  return {
    url,
    adminKey,
    async stop() {
      clearInterval(sweeping);
      await runner.stop();
      server.close();
      server.closeAllConnections();
      await Promise.all(pumps.map((pump) => pump.stop()));
      await cloud.close();
    },
  };
}
