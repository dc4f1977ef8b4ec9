import type { RequestListener } from 'node:http';
import { controlHandlers } from '../../functions/composition/control';
import { eventHandlers } from '../../functions/composition/jobs';
import { storesOf, type WithJobQueue } from '../../functions/composition/platform';
import { predictionHandlers } from '../../functions/composition/prediction';
import { authorize } from '../../functions/http/authorize';
import type { RouteHandler } from '../../functions/http/route';
import { errorResponse } from '../../functions/middleware/error-response';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { RouteDefinition } from '../../shared/contracts/route-definition';
import { routes } from '../../shared/contracts/routes';
import type { EmbeddedCloud } from './embedded-cloud';
import { type GatewayRoute, gatewayListener } from './gateway';
import { receiveUpload } from './receive-upload';
import { sendDownload } from './send-download';

const streamSeconds = 24 * 3_600;
const modelCache = { maximumBytes: 512 * 2 ** 20, maximumModels: 64, threads: 1 };

const gatewayRoutes = (handlers: Readonly<Record<string, RouteHandler>>): GatewayRoute[] =>
  Object.values<RouteDefinition>(routes).flatMap(({ name, method, path, scope, stream = false }) => {
    const handler = handlers[name];
    if (handler === undefined) return [];
    return [
      {
        method,
        path,
        isPublic: scope === undefined,
        isStream: stream,
        handler: (event, signal) => handler(event, signal === undefined ? {} : { signal }),
      },
    ];
  });

/** Every route of the API over this platform, behind the same authorizer as on AWS. */
export const localGateway = (
  platform: WithJobQueue,
  cloud: EmbeddedCloud,
  administratorKey: string,
): RequestListener =>
  gatewayListener({
    routes: gatewayRoutes({
      ...controlHandlers(platform),
      ...eventHandlers(platform, streamSeconds),
      ...predictionHandlers({ ...platform, runtime: onnxModelRuntime(), cache: modelCache }),
    }),
    authorize: authorize({ keys: storesOf(platform).apiKeys, administratorKey, clock: platform.clock }),
    receiveUpload: receiveUpload(cloud.objects, cloud.uploads),
    sendDownload: sendDownload(cloud.objects, cloud.uploads),
    errorAnswer: errorResponse,
    ids: platform.ids,
  });
