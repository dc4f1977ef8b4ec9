import type { Dataset } from '../../shared/contracts/dataset';
import { objectKeys } from '../../shared/contracts/job-files';
import { ConflictError, NotFoundError } from '../../shared/errors/request-errors';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { DatasetAddress, DatasetRecord, DatasetStore } from '../../shared/stores/dataset-store';
import { publicDataset } from './public-dataset';
import { requireDataset } from './require-dataset';
import type { InternalSubmission } from './submit-job';
import { verifyUpload } from './verify-upload';

export interface CompleteDatasetDependencies {
  datasets: Pick<DatasetStore, 'get' | 'noteSource' | 'markValidating'>;
  objects: Pick<ObjectStore, 'head' | 'remove'>;
  submitInternalJob: (submission: InternalSubmission) => Promise<{ id: string }>;
}

/**
 * Notes the upload, submits the job that reads it, and only then says `validating`: a crash in between leaves a data set
 * that can be completed again, to the same job.
 */
async function validate(deps: CompleteDatasetDependencies, dataset: DatasetRecord): Promise<Dataset> {
  const { tenant, id, name, format, declared } = dataset;
  const { bytes, sha256 } = await verifyUpload(deps.objects, objectKeys.datasetSource(tenant, id), declared);
  await deps.datasets.noteSource({ tenant, id, source: { bytes, sha256 } });
  const job = await deps.submitInternalJob({
    tenant,
    kind: 'ingest',
    spec: { dataset: id, ...(format === undefined ? {} : { format }) },
    name: `ingest ${name}`.slice(0, 200),
    deduplicationKey: `ingest:${id}`,
  });
  const moved = await deps.datasets.markValidating({ tenant, id, job: job.id });
  if (moved === undefined) throw new NotFoundError('data set', id);
  return publicDataset(moved.dataset);
}

/**
 * Takes an upload as done. While it is validated, saying so again gets the same answer and starts nothing; afterwards it
 * is a `ConflictError`.
 */
export const completeDataset =
  (deps: CompleteDatasetDependencies) =>
  async (address: DatasetAddress): Promise<Dataset> => {
    const dataset = await requireDataset(deps.datasets, address);
    if (dataset.state === 'awaiting_upload') return validate(deps, dataset);
    if (dataset.state === 'validating') return publicDataset(dataset);
    throw new ConflictError(
      `the data set '${address.id}' is ${dataset.state} already: make a new one for other bytes`,
      'already_completed',
    );
  };
