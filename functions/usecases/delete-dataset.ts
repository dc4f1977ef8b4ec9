import { objectKeys } from '../../shared/contracts/job-files';
import { NotFoundError } from '../../shared/errors/request-errors';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { DatasetAddress, DatasetStore } from '../../shared/stores/dataset-store';

export interface DeleteDatasetDependencies {
  datasets: Pick<DatasetStore, 'markDeleted' | 'forget'>;
  objects: Pick<ObjectStore, 'remove'>;
}

export interface DatasetDeleted {
  id: string;
  object: 'dataset';
  deleted: true;
}

/**
 * Deletes a data set: first nobody finds it any more, then its objects go, then its record; stopped half-way, it is taken
 * up again by the next call. A job that reads it meanwhile fails; models made from it stay.
 */
export const deleteDataset =
  ({ datasets, objects }: DeleteDatasetDependencies) =>
  async (address: DatasetAddress): Promise<DatasetDeleted> => {
    const dataset = await datasets.markDeleted(address);
    if (dataset === undefined) throw new NotFoundError('data set', address.id);
    const { tenant, id, data, profile } = dataset;
    const keys = [objectKeys.datasetSource(tenant, id), data?.key, profile?.key];
    for (const key of keys) if (key !== undefined) await objects.remove(key);
    await datasets.forget(address);
    return { id, object: 'dataset', deleted: true };
  };
