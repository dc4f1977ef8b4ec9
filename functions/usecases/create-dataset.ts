import type { z } from 'zod';
import type { createDatasetRequest, Dataset } from '../../shared/contracts/dataset';
import { objectKeys } from '../../shared/contracts/job-files';
import type { Ids } from '../../shared/ports/ids';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { DatasetStore } from '../../shared/stores/dataset-store';
import { offerUpload } from './offer-upload';
import { publicDataset } from './public-dataset';

export interface CreateDatasetDependencies {
  datasets: Pick<DatasetStore, 'create'>;
  objects: Pick<ObjectStore, 'presignUpload'>;
  ids: Ids;
}

export type NewDatasetRequest = z.output<typeof createDatasetRequest> & { tenant: string };

/** Announces a data set, and offers the upload of its bytes. */
export const createDataset =
  ({ datasets, objects, ids }: CreateDatasetDependencies) =>
  async (request: NewDatasetRequest): Promise<Dataset> => {
    const record = await datasets.create({ ...request, id: ids.next('ds') });
    const key = objectKeys.datasetSource(record.tenant, record.id);
    return { ...publicDataset(record), upload: await offerUpload(objects, key, record.declared) };
  };
