import { json } from 'node:stream/consumers';
import { type Dataset, datasetProfile } from '../../shared/contracts/dataset';
import { objectKeys } from '../../shared/contracts/job-files';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { DatasetAddress, DatasetRecord, DatasetStore } from '../../shared/stores/dataset-store';
import { offerUpload } from './offer-upload';
import { publicDataset } from './public-dataset';
import { requireDataset } from './require-dataset';

export interface GetDatasetDependencies {
  datasets: Pick<DatasetStore, 'get'>;
  objects: Pick<ObjectStore, 'get' | 'presignUpload'>;
}

/** What a state has to show beside the record: a fresh upload while it is awaited, the profile once it is known. */
async function extras(
  { objects }: GetDatasetDependencies,
  dataset: DatasetRecord,
): Promise<Partial<Dataset>> {
  const { tenant, id, state, declared, profile: file } = dataset;
  if (state === 'awaiting_upload') {
    return { upload: await offerUpload(objects, objectKeys.datasetSource(tenant, id), declared) };
  }
  if (file === undefined) return {};
  const profile = datasetProfile.parse(await json(await objects.get(file.key)));
  return { profile, columns: profile.columns, format: profile.format };
}

/** Reads a data set with all that is known of it. */
export const getDataset =
  (deps: GetDatasetDependencies) =>
  async (address: DatasetAddress): Promise<Dataset> => {
    const dataset = await requireDataset(deps.datasets, address);
    return { ...publicDataset(dataset), ...(await extras(deps, dataset)) };
  };
