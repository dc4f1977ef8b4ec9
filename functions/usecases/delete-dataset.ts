import { objectKeys } from '../../shared/contracts/job-files';
import { AppError } from '../../shared/errors/app-error';
import { NotFoundError } from '../../shared/errors/request-errors';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { DatasetAddress, DatasetStore } from '../../shared/stores/dataset-store';
import type { JobAddress } from './require-job';

export interface DeleteDatasetDependencies {
  datasets: Pick<DatasetStore, 'markDeleted' | 'forget'>;
  objects: Pick<ObjectStore, 'list' | 'remove'>;
  cancelJob: (address: JobAddress) => Promise<unknown>;
}

export interface DatasetDeleted {
  id: string;
  object: 'dataset';
  deleted: true;
}

/** Whatever the job that reads it would still write, nobody may have any more; a job that has ended is left as it is. */
async function stopReading(deps: DeleteDatasetDependencies, address: JobAddress): Promise<void> {
  await deps.cancelJob(address).catch((error: unknown) => {
    if (!(error instanceof AppError && error.fault === 'caller')) throw error;
  });
}

/**
 * Deletes a data set: first nobody finds it any more, then the job that reads it stops, then its objects go, those of
 * attempts that came to nothing too, then its record; stopped half-way, it is taken up again by the next call. A job
 * that trains on it meanwhile fails; models made from it stay.
 */
export const deleteDataset =
  (deps: DeleteDatasetDependencies) =>
  async (address: DatasetAddress): Promise<DatasetDeleted> => {
    const { datasets, objects } = deps;
    const dataset = await datasets.markDeleted(address);
    if (dataset === undefined) throw new NotFoundError('data set', address.id);
    const { tenant, id, job, data, profile } = dataset;
    if (job !== undefined) {
      await stopReading(deps, { tenant, jobId: job });
      for await (const { key } of objects.list(objectKeys.jobPrefix(tenant, job))) await objects.remove(key);
    }
    const keys = [objectKeys.datasetSource(tenant, id), data?.key, profile?.key];
    for (const key of keys) if (key !== undefined) await objects.remove(key);
    await datasets.forget(address);
    return { id, object: 'dataset', deleted: true };
  };
