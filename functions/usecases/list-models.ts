import type { ListRequest, Page } from '../../shared/contracts/lists';
import type { Model } from '../../shared/contracts/model';
import { publicModel } from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import { answeredPage } from './answered-page';

/** A page of a tenant's models, by name. */
export const listModels =
  ({ models }: { models: Pick<ModelRegistry, 'listModels'> }) =>
  async ({ tenant, ...page }: ListRequest & { tenant: string }): Promise<Page<Model>> => {
    const found = await models.listModels(tenant, page);
    return answeredPage(found.models.map(publicModel), found.hasMore);
  };
