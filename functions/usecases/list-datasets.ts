import type { Dataset } from '../../shared/contracts/dataset';
import type { ListRequest, Page } from '../../shared/contracts/lists';
import type { DatasetStore } from '../../shared/stores/dataset-store';
import { publicDataset } from './public-dataset';

/** A page of a tenant's data sets, without their profiles. */
export const listDatasets =
  ({ datasets }: { datasets: Pick<DatasetStore, 'list'> }) =>
  async ({ tenant, ...page }: ListRequest & { tenant: string }): Promise<Page<Dataset>> => {
    const found = await datasets.list(tenant, page);
    return { object: 'list', data: found.datasets.map(publicDataset), has_more: found.hasMore };
  };
