import type { AliasAddress } from '../../shared/stores/model-aliases';
import type { ModelRegistry } from '../../shared/stores/model-registry';

export interface AliasDeleted {
  object: 'alias';
  model: string;
  alias: string;
  deleted: true;
}

/** Removes an alias; without `production`, the latest version that is ready serves. */
export const deleteAlias =
  ({ models }: { models: Pick<ModelRegistry, 'deleteAlias'> }) =>
  async (address: AliasAddress): Promise<AliasDeleted> => {
    await models.deleteAlias(address);
    return { object: 'alias', model: address.name, alias: address.alias, deleted: true };
  };
