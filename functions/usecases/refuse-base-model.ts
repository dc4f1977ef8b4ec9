import type { DatasetColumn } from '../../shared/contracts/dataset';
import type { ModelSpec } from '../../shared/contracts/training/model-spec';
import { matchInputs } from '../../shared/datasets/match-inputs';
import { type JobInputStores, requireVersion } from './job-inputs';

/** Refuses columns that the model to go on from cannot read, as far as its signature and their profile tell. */
export async function refuseBaseModel(
  asked: { stores: JobInputStores; tenant: string },
  model: ModelSpec,
  features: readonly Pick<DatasetColumn, 'name' | 'type' | 'length'>[],
): Promise<void> {
  if (model.family !== 'finetune') return;
  const { signature } = (await requireVersion(asked, model.from)).model;
  if (signature) matchInputs(signature.inputs, features, { side: model.input, at: '/spec' });
}
