import type { Dataset } from '../../shared/contracts/dataset';
import type { ListRequest, Page } from '../../shared/contracts/lists';
import type { DatasetStore } from '../../shared/stores/dataset-store';
import { answeredPage } from './answered-page';
import { publicDataset } from './public-dataset';

/** A page of a tenant's data sets, without their profiles. */
export const listDatasets =
  ({ datasets }: { datasets: Pick<DatasetStore, 'list'> }) =>
  async ({ tenant, ...page }: ListRequest & { tenant: string }): Promise<Page<Dataset>> => {
    const found = await datasets.list(tenant, page);
    return answeredPage(found.datasets.map(publicDataset), found.hasMore);
  };
