import { NotFoundError } from '../../shared/errors/request-errors';
import type { DatasetAddress, DatasetRecord, DatasetStore } from '../../shared/stores/dataset-store';

/** A data set's record, or `NotFoundError`; another tenant's data set is not there. */
export async function requireDataset(
  datasets: Pick<DatasetStore, 'get'>,
  address: DatasetAddress,
): Promise<DatasetRecord> {
  const found = await datasets.get(address);
  if (found === undefined) throw new NotFoundError('data set', address.id);
  return found;
}
