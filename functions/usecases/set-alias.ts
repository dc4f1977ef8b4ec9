import type { AliasTarget } from '../../shared/contracts/model';
import type { AliasAddress } from '../../shared/stores/model-aliases';
import type { ModelRegistry } from '../../shared/stores/model-registry';

export type AliasAnswer = AliasTarget & { object: 'alias'; model: string; alias: string };

/** Moves an alias, and with it the traffic, at once. */
export const setAlias =
  ({ models }: { models: Pick<ModelRegistry, 'setAlias'> }) =>
  async ({ target, ...address }: AliasAddress & { target: AliasTarget }): Promise<AliasAnswer> => {
    await models.setAlias(address, target);
    return { object: 'alias', model: address.name, alias: address.alias, ...target };
  };
