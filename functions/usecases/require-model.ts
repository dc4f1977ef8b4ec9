import { NotFoundError } from '../../shared/errors/request-errors';
import type {
  ModelAddress,
  ModelRecord,
  VersionAddress,
  VersionRecord,
} from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';

/** A model's record, or `NotFoundError`; another tenant's model is not there. */
export async function requireModel(
  models: Pick<ModelRegistry, 'getModel'>,
  address: ModelAddress,
): Promise<ModelRecord> {
  const found = await models.getModel(address);
  if (found === undefined) throw new NotFoundError('model', address.name);
  return found;
}

/** A version's record, or `NotFoundError`. */
export async function requireVersion(
  models: Pick<ModelRegistry, 'getVersion'>,
  address: VersionAddress,
): Promise<VersionRecord> {
  const found = await models.getVersion(address);
  if (found === undefined) throw new NotFoundError('model version', `${address.name}/${address.version}`);
  return found;
}
