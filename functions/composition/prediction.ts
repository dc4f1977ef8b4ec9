import { getLivenessHandler } from '../http/get-liveness';
import { getModelMetadataHandler } from '../http/get-model-metadata';
import { getModelReadinessHandler } from '../http/get-model-readiness';
import { getModelVersionMetadataHandler } from '../http/get-model-version-metadata';
import { getModelVersionReadinessHandler } from '../http/get-model-version-readiness';
import { getReadinessHandler } from '../http/get-readiness';
import { getServerMetadataHandler } from '../http/get-server-metadata';
import { inferModelHandler } from '../http/infer-model';
import { inferModelVersionHandler } from '../http/infer-model-version';
import { predictModelHandler } from '../http/predict-model';
import { predictSimpleHandler } from '../http/predict-simple';
import { getModelMetadata } from '../usecases/get-model-metadata';
import { getModelReadiness } from '../usecases/get-model-readiness';
import { inferModel } from '../usecases/infer-model';
import { modelCache } from '../usecases/model-cache';
import { predictModel } from '../usecases/predict-model';
import { predictSimple } from '../usecases/predict-simple';
import { resolveModel } from '../usecases/resolve-model';
import { serveModel } from '../usecases/serve-model';
import { productVersion, storesOf, type WithRuntime } from './platform';
import type { HandlersOf } from './route-handlers';

/** The predict function: models kept warm in the process, and all the forms in which they are asked. */
export function predictionHandlers(platform: WithRuntime): HandlersOf<'predict'> {
  const { objects: store, runtime, cache: bounds, clock, log } = platform;
  const { models: registry, idempotency } = storesOf(platform);
  const edge = { log, idempotency };
  const resolve = resolveModel({ registry, clock, random: Math.random });
  const serve = serveModel({ resolve, cache: modelCache({ store, runtime, ...bounds }) });
  const predict = predictModel({ serve });
  const metadata = { edge, getModelMetadata: getModelMetadata({ serve }) };
  const readiness = { edge, getModelReadiness: getModelReadiness({ serve }) };
  const infer = { edge, inferModel: inferModel({ serve }) };
  return {
    'predict-model': predictModelHandler({ edge, predictModel: predict }),
    'predict-simple': predictSimpleHandler({
      edge,
      predictSimple: predictSimple({ registry, predict, clock }),
    }),
    'get-server-metadata': getServerMetadataHandler({ edge, version: productVersion }),
    'get-liveness': getLivenessHandler({ edge }),
    'get-readiness': getReadinessHandler({ edge }),
    'get-model-metadata': getModelMetadataHandler(metadata),
    'get-model-version-metadata': getModelVersionMetadataHandler(metadata),
    'get-model-readiness': getModelReadinessHandler(readiness),
    'get-model-version-readiness': getModelVersionReadinessHandler(readiness),
    'infer-model': inferModelHandler(infer),
    'infer-model-version': inferModelVersionHandler(infer),
  };
}
