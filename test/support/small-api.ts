import { authorize } from '../../functions/http/authorize';
import { cancelJobHandler } from '../../functions/http/cancel-job';
import { completeDatasetHandler } from '../../functions/http/complete-dataset';
import { completeModelVersionHandler } from '../../functions/http/complete-model-version';
import { createDatasetHandler } from '../../functions/http/create-dataset';
import { createKeyHandler } from '../../functions/http/create-key';
import { deleteAliasHandler } from '../../functions/http/delete-alias';
import { deleteDatasetHandler } from '../../functions/http/delete-dataset';
import { getDatasetHandler } from '../../functions/http/get-dataset';
import { getHealthHandler } from '../../functions/http/get-health';
import { getJobHandler } from '../../functions/http/get-job';
import { getModelHandler } from '../../functions/http/get-model';
import { getModelVersionHandler } from '../../functions/http/get-model-version';
import { getOpenApiHandler } from '../../functions/http/get-open-api';
import { importModelHandler } from '../../functions/http/import-model';
import { listDatasetsHandler } from '../../functions/http/list-datasets';
import { listJobOutputsHandler } from '../../functions/http/list-job-outputs';
import { listKeysHandler } from '../../functions/http/list-keys';
import { listModelsHandler } from '../../functions/http/list-models';
import { revokeKeyHandler } from '../../functions/http/revoke-key';
import type { RouteHandler } from '../../functions/http/route';
import { setAliasHandler } from '../../functions/http/set-alias';
import { submitJobHandler } from '../../functions/http/submit-job';
import { errorResponse } from '../../functions/middleware/error-response';
import type { HttpAnswer } from '../../functions/middleware/exchange';
import { cancelJob } from '../../functions/usecases/cancel-job';
import { completeDataset } from '../../functions/usecases/complete-dataset';
import { completeModelVersion } from '../../functions/usecases/complete-model-version';
import { createDataset } from '../../functions/usecases/create-dataset';
import { createKey } from '../../functions/usecases/create-key';
import { deleteAlias } from '../../functions/usecases/delete-alias';
import { deleteDataset } from '../../functions/usecases/delete-dataset';
import { getDataset } from '../../functions/usecases/get-dataset';
import { getJob } from '../../functions/usecases/get-job';
import { getModel } from '../../functions/usecases/get-model';
import { getModelVersion } from '../../functions/usecases/get-model-version';
import { importModel } from '../../functions/usecases/import-model';
import { listDatasets } from '../../functions/usecases/list-datasets';
import { listJobOutputs } from '../../functions/usecases/list-job-outputs';
import { listKeys } from '../../functions/usecases/list-keys';
import { listModels } from '../../functions/usecases/list-models';
import { revokeKey } from '../../functions/usecases/revoke-key';
import { setAlias } from '../../functions/usecases/set-alias';
import { submitInternalJob, submitJob } from '../../functions/usecases/submit-job';
import type { Scope } from '../../shared/contracts/keys';
import { type RouteName, routes } from '../../shared/contracts/routes';
import { ulidIds } from '../../shared/ports/ids';
import { datasetStore } from '../../shared/stores/dataset-store';
import { idempotencyStore } from '../../shared/stores/idempotency-store';
import { jobEvents } from '../../shared/stores/job-events';
import { jobStore } from '../../shared/stores/job-store';
import { keyStore } from '../../shared/stores/key-store';
import { modelRegistry } from '../../shared/stores/model-registry';
import { openJobs } from '../../shared/stores/open-jobs';
import { type ApiRequest, anApiEvent, requestId } from './api-event';
import type { EmbeddedStores } from './embedded-stores';

export const administratorKey = 'the-administrators-own-key';

const silent = { info() {}, warn() {}, error() {} };

/** Stores and use cases over the embedded adapters; nothing dispatches the jobs that are submitted. */
function wire(stores: EmbeddedStores) {
  const { records, clock, objects } = stores;
  const open = openJobs(records);
  const jobs = jobStore({ records, events: jobEvents(records), open });
  const world = {
    ...stores,
    ids: ulidIds,
    log: silent,
    open,
    jobs,
    queue: { send: async () => {} },
    maximumWaitSeconds: 86_400,
    datasets: datasetStore({ records, clock }),
    models: modelRegistry({ records, clock }),
    keys: keyStore({ records, clock, ids: ulidIds }),
    runner: { terminate: async () => {} },
  };
  return { ...world, objects, submitInternalJob: submitInternalJob(world) };
}
export type SmallWorld = ReturnType<typeof wire>;

function handlersOf(world: SmallWorld): Partial<Record<RouteName, RouteHandler>> {
  const idempotency = idempotencyStore({ ...world, keys: world.keyService });
  const edge = { log: silent, idempotency };
  return {
    'get-health': getHealthHandler({ edge }),
    'get-open-api': getOpenApiHandler({ edge, version: '0.0.0' }),
    'create-key': createKeyHandler({ edge, createKey: createKey(world) }),
    'list-keys': listKeysHandler({ edge, listKeys: listKeys(world) }),
    'revoke-key': revokeKeyHandler({ edge, revokeKey: revokeKey(world) }),
    'create-dataset': createDatasetHandler({ edge, createDataset: createDataset(world) }),
    'complete-dataset': completeDatasetHandler({ edge, completeDataset: completeDataset(world) }),
    'list-datasets': listDatasetsHandler({ edge, listDatasets: listDatasets(world) }),
    'get-dataset': getDatasetHandler({ edge, getDataset: getDataset(world) }),
    'delete-dataset': deleteDatasetHandler({
      edge,
      deleteDataset: deleteDataset({ ...world, cancelJob: cancelJob(world) }),
    }),
    'import-model': importModelHandler({ edge, importModel: importModel(world) }),
    'complete-model-version': completeModelVersionHandler({
      edge,
      completeModelVersion: completeModelVersion(world),
    }),
    'list-models': listModelsHandler({ edge, listModels: listModels(world) }),
    'get-model': getModelHandler({ edge, getModel: getModel(world) }),
    'get-model-version': getModelVersionHandler({ edge, getModelVersion: getModelVersion(world) }),
    'set-alias': setAliasHandler({ edge, setAlias: setAlias(world) }),
    'delete-alias': deleteAliasHandler({ edge, deleteAlias: deleteAlias(world) }),
    'submit-job': submitJobHandler({ edge, submitJob: submitJob(world) }),
    'get-job': getJobHandler({ edge, getJob: getJob(world) }),
    'list-job-outputs': listJobOutputsHandler({ edge, listJobOutputs: listJobOutputs(world) }),
    'cancel-job': cancelJobHandler({ edge, cancelJob: cancelJob(world) }),
  };
}

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

function routed(request: ApiRequest) {
  const { pathname } = new URL(request.path ?? '/', 'http://localhost');
  for (const route of Object.values(routes)) {
    const match = route.method === (request.method ?? 'GET') ? patternOf(route.path).exec(pathname) : null;
    if (match !== null) {
      const given = Object.entries(match.groups ?? {});
      return {
        route,
        pathParameters: Object.fromEntries(given.map(([name, text]) => [name, decodeURIComponent(text)])),
      };
    }
  }
  throw new Error(`no route for ${request.method} ${request.path}`);
}

export interface ApiAnswer {
  status: number;
  headers: HttpAnswer['headers'];
  body: unknown;
}

/** The API as the gateway serves it, without the network: authorizer, then the route's handler. */
export function smallApi(stores: EmbeddedStores) {
  const world = wire(stores);
  const handlers = handlersOf(world);
  const find = authorize({ keys: world.keys, administratorKey, clock: world.clock });

  async function answer(request: ApiRequest): Promise<HttpAnswer> {
    const { route, pathParameters } = routed(request);
    const handler = handlers[route.name];
    if (handler === undefined) throw new Error(`the route ${route.name} is not wired here`);
    const headers = request.headers ?? {};
    try {
      const authorizer = 'scope' in route ? await find(headers) : undefined;
      const event = { ...request, pathParameters, ...(authorizer === undefined ? {} : { authorizer }) };
      return await handler(anApiEvent(event));
    } catch (error) {
      return errorResponse(error, { path: request.path ?? '/', requestId });
    }
  }

  async function call(request: ApiRequest & { key?: string }): Promise<ApiAnswer> {
    const { key, ...rest } = request;
    const credentials = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const headers = { ...credentials, ...request.headers };
    const { statusCode, headers: given, body } = await answer({ ...rest, headers });
    return { status: statusCode, headers: given, body: JSON.parse(body) };
  }

  /** The secret of a new key. */
  async function keyFor(tenant: string, ...scopes: Scope[]): Promise<string> {
    const all: Scope[] = ['predict', 'jobs', 'datasets', 'models'];
    const { secret } = await world.keys.create({ tenant, scopes: scopes.length === 0 ? all : scopes });
    return secret;
  }

  return { ...world, call, keyFor };
}
export type SmallApi = ReturnType<typeof smallApi>;
