import { getLivenessHandler } from '../../functions/http/get-liveness';
import { getModelMetadataHandler } from '../../functions/http/get-model-metadata';
import { getModelReadinessHandler } from '../../functions/http/get-model-readiness';
import { getModelVersionMetadataHandler } from '../../functions/http/get-model-version-metadata';
import { getModelVersionReadinessHandler } from '../../functions/http/get-model-version-readiness';
import { getReadinessHandler } from '../../functions/http/get-readiness';
import { getServerMetadataHandler } from '../../functions/http/get-server-metadata';
import { inferModelHandler } from '../../functions/http/infer-model';
import { inferModelVersionHandler } from '../../functions/http/infer-model-version';
import { predictModelHandler } from '../../functions/http/predict-model';
import { predictSimpleHandler } from '../../functions/http/predict-simple';
import type { RouteHandler } from '../../functions/http/route';
import { getModelMetadata } from '../../functions/usecases/get-model-metadata';
import { getModelReadiness } from '../../functions/usecases/get-model-readiness';
import { inferModel } from '../../functions/usecases/infer-model';
import { modelCache } from '../../functions/usecases/model-cache';
import { predictModel } from '../../functions/usecases/predict-model';
import { predictSimple } from '../../functions/usecases/predict-simple';
import { resolveModel } from '../../functions/usecases/resolve-model';
import { serveModel } from '../../functions/usecases/serve-model';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { ModelSignature } from '../../shared/contracts/model';
import { predictRoutes } from '../../shared/contracts/predict-routes';
import type { Model } from '../../shared/onnx/ir';
import { writeModel } from '../../shared/onnx/write-model';
import { idempotencyStore } from '../../shared/stores/idempotency-store';
import { modelRegistry } from '../../shared/stores/model-registry';
import { type ApiRequest, anApiEvent } from './api-event';
import { countedObjects, countedRecords } from './counted-stores';
import type { EmbeddedStores } from './embedded-stores';

type PredictRoute = keyof typeof predictRoutes;

const silent = { info() {}, warn() {}, error() {} };

export interface NewModel {
  tenant: string;
  name: string;
  model: Model;
  signature: ModelSignature;
}

export interface PredictCall extends Pick<ApiRequest, 'body' | 'headers'> {
  route: PredictRoute;
  tenant: string;
  params?: Readonly<Record<string, string>>;
  /** With its question mark. */
  query?: string;
}

/** The predict function over the embedded stores and the real runtime, without the network; reads of the stores are counted. */
export function predictApi(stores: EmbeddedStores, options: { random?: () => number } = {}) {
  const { clock } = stores;
  const records = countedRecords(stores.records);
  const objects = countedObjects(stores.objects);
  const registry = modelRegistry({ records, clock });
  const runtime = onnxModelRuntime();
  const cache = modelCache({ store: objects, runtime, threads: 1, maximumBytes: 1e8, maximumModels: 8 });
  const resolve = resolveModel({ registry, clock, random: options.random ?? Math.random });
  const serve = serveModel({ resolve, cache });
  const predict = predictModel({ serve });
  const idempotency = idempotencyStore({ records, clock, keys: stores.keyService });
  const edge = { log: silent, idempotency };
  const infer = { edge, inferModel: inferModel({ serve }) };
  const metadata = { edge, getModelMetadata: getModelMetadata({ serve }) };
  const readiness = { edge, getModelReadiness: getModelReadiness({ serve }) };
  const handlers: Record<PredictRoute, RouteHandler> = {
    'predict-model': predictModelHandler({ edge, predictModel: predict }),
    'predict-simple': predictSimpleHandler({
      edge,
      predictSimple: predictSimple({ registry, predict, clock }),
    }),
    'get-server-metadata': getServerMetadataHandler({ edge, version: '1.2.3' }),
    'get-liveness': getLivenessHandler({ edge }),
    'get-readiness': getReadinessHandler({ edge }),
    'get-model-metadata': getModelMetadataHandler(metadata),
    'get-model-version-metadata': getModelVersionMetadataHandler(metadata),
    'get-model-readiness': getModelReadinessHandler(readiness),
    'get-model-version-readiness': getModelVersionReadinessHandler(readiness),
    'infer-model': inferModelHandler(infer),
    'infer-model-version': inferModelVersionHandler(infer),
  };
  let jobs = 0;

  return {
    clock,
    registry,
    predict,
    serve,
    /** Calls of the stores behind it so far. */
    calls: () => records.calls + objects.calls,
    /** Stores a model as its name's next version. */
    async register({ tenant, name, model, signature }: NewModel): Promise<number> {
      const bytes = writeModel(model);
      const key = `artifacts/${tenant}/${name}-${++jobs}.onnx`;
      const { sha256 } = await stores.objects.put(key, bytes);
      const artifact = { key, bytes: bytes.byteLength, sha256 };
      const made = { tenant, name, artifact, signature, metrics: {}, lineage: {}, job: `job-${jobs}` };
      return (await registry.registerVersion(made)).version;
    },
    async call({ route, tenant, params = {}, query = '', ...request }: PredictCall) {
      const definition = predictRoutes[route];
      const path = definition.path.replaceAll(/\{(\w+)\}/g, (_, name) => params[name] ?? '');
      const event = anApiEvent({
        ...request,
        method: definition.method,
        path: path + query,
        pathParameters: params,
        authorizer: { tenant, keyId: 'key_test', scopes: 'predict' },
      });
      const { statusCode, body } = await handlers[route](event);
      return { status: statusCode, body: JSON.parse(body) };
    },
  };
}
