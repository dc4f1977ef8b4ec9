import type { Model } from '../../shared/contracts/model';
import { type ModelAddress, publicModel } from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import { requireModel } from './require-model';

/** Reads a model: its latest version, and where its aliases point. */
export const getModel =
  ({ models }: { models: Pick<ModelRegistry, 'getModel'> }) =>
  async (address: ModelAddress): Promise<Model> =>
    publicModel(await requireModel(models, address));
