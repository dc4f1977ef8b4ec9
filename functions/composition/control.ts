import { cancelJobHandler } from '../http/cancel-job';
import { completeDatasetHandler } from '../http/complete-dataset';
import { completeModelVersionHandler } from '../http/complete-model-version';
import { createDatasetHandler } from '../http/create-dataset';
import { createKeyHandler } from '../http/create-key';
import { deleteAliasHandler } from '../http/delete-alias';
import { deleteDatasetHandler } from '../http/delete-dataset';
import { getDatasetHandler } from '../http/get-dataset';
import { getHealthHandler } from '../http/get-health';
import { getJobHandler } from '../http/get-job';
import { getModelHandler } from '../http/get-model';
import { getModelVersionHandler } from '../http/get-model-version';
import { getOpenApiHandler } from '../http/get-open-api';
import { importModelHandler } from '../http/import-model';
import { listDatasetsHandler } from '../http/list-datasets';
import { listJobOutputsHandler } from '../http/list-job-outputs';
import { listJobsHandler } from '../http/list-jobs';
import { listKeysHandler } from '../http/list-keys';
import { listModelsHandler } from '../http/list-models';
import { revokeKeyHandler } from '../http/revoke-key';
import type { RouteHandler } from '../http/route';
import { setAliasHandler } from '../http/set-alias';
import { submitJobHandler } from '../http/submit-job';
import { cancelJob } from '../usecases/cancel-job';
import { completeDataset } from '../usecases/complete-dataset';
import { completeModelVersion } from '../usecases/complete-model-version';
import { createDataset } from '../usecases/create-dataset';
import { createKey } from '../usecases/create-key';
import { deleteAlias } from '../usecases/delete-alias';
import { deleteDataset } from '../usecases/delete-dataset';
import { getDataset } from '../usecases/get-dataset';
import { getJob } from '../usecases/get-job';
import { getModel } from '../usecases/get-model';
import { getModelVersion } from '../usecases/get-model-version';
import { importModel } from '../usecases/import-model';
import { listDatasets } from '../usecases/list-datasets';
import { listJobOutputs } from '../usecases/list-job-outputs';
import { listJobs } from '../usecases/list-jobs';
import { listKeys } from '../usecases/list-keys';
import { listModels } from '../usecases/list-models';
import { revokeKey } from '../usecases/revoke-key';
import { setAlias } from '../usecases/set-alias';
import { submitInternalJob, submitJob } from '../usecases/submit-job';
import { jobLimits, productVersion, storesOf, type WithJobQueue } from './platform';
import type { HandlersOf } from './route-handlers';

/** The control function: every route that neither predicts nor streams. */
export function controlHandlers(platform: WithJobQueue): HandlersOf<'control'> {
  const { objects, runner, jobQueue: queue, clock, ids, log } = platform;
  const { jobs, open, datasets, models, apiKeys: keys, idempotency } = storesOf(platform);
  const edge = { log, idempotency };
  const enqueue = { jobs, open, queue, clock, ids, log, maximumWaitSeconds: jobLimits.maximumWaitSeconds };
  const submitInternal = submitInternalJob(enqueue);
  const cancel = cancelJob({ jobs, open, objects, runner, datasets, models, clock, log });
  const handlers = {
    'create-key': createKeyHandler({ edge, createKey: createKey({ keys }) }),
    'list-keys': listKeysHandler({ edge, listKeys: listKeys({ keys }) }),
    'revoke-key': revokeKeyHandler({ edge, revokeKey: revokeKey({ keys }) }),
    'create-dataset': createDatasetHandler({
      edge,
      createDataset: createDataset({ datasets, objects, ids }),
    }),
    'complete-dataset': completeDatasetHandler({
      edge,
      completeDataset: completeDataset({ datasets, objects, submitInternalJob: submitInternal }),
    }),
    'list-datasets': listDatasetsHandler({ edge, listDatasets: listDatasets({ datasets }) }),
    'get-dataset': getDatasetHandler({ edge, getDataset: getDataset({ datasets, objects }) }),
    'delete-dataset': deleteDatasetHandler({
      edge,
      deleteDataset: deleteDataset({ datasets, objects, cancelJob: cancel }),
    }),
    'submit-job': submitJobHandler({ edge, submitJob: submitJob({ ...enqueue, datasets, models, objects }) }),
    'list-jobs': listJobsHandler({ edge, listJobs: listJobs({ jobs }) }),
    'get-job': getJobHandler({ edge, getJob: getJob({ jobs }) }),
    'list-job-outputs': listJobOutputsHandler({ edge, listJobOutputs: listJobOutputs({ jobs, objects }) }),
    'cancel-job': cancelJobHandler({ edge, cancelJob: cancel }),
    'import-model': importModelHandler({ edge, importModel: importModel({ models, objects }) }),
    'complete-model-version': completeModelVersionHandler({
      edge,
      completeModelVersion: completeModelVersion({ models, objects, submitInternalJob: submitInternal }),
    }),
    'list-models': listModelsHandler({ edge, listModels: listModels({ models }) }),
    'get-model': getModelHandler({ edge, getModel: getModel({ models }) }),
    'get-model-version': getModelVersionHandler({
      edge,
      getModelVersion: getModelVersion({ models, objects }),
    }),
    'set-alias': setAliasHandler({ edge, setAlias: setAlias({ models }) }),
    'delete-alias': deleteAliasHandler({ edge, deleteAlias: deleteAlias({ models }) }),
    'get-health': getHealthHandler({ edge }),
    'get-open-api': getOpenApiHandler({ edge, version: productVersion }),
  } satisfies Record<string, RouteHandler>;
  return handlers;
}
