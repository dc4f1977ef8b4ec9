import type { LossSpec } from '../../shared/contracts/training/loss-spec';
import { countClasses } from '../datasets/read-classes';
import type { SplitTable } from '../datasets/split-table';
import type { Loss } from './losses/loss';
import { lossOf } from './losses/loss-of';
import type { TargetEncoding } from './target-encoding';

const isBalanced = (loss: LossSpec | undefined): boolean =>
  loss?.name === 'cross_entropy' && loss.class_weights === 'balanced';

export interface LossRequest {
  /** Absent: the task's own. */
  readonly loss: LossSpec | undefined;
  readonly encoding: TargetEncoding;
  readonly split: SplitTable;
}

/** The loss that is asked for; where it goes by how often each class is, the training rows say it. */
export async function prepareLoss({ loss, encoding, split }: LossRequest): Promise<Loss> {
  if (encoding.task === 'regression' || !isBalanced(loss)) return lossOf(loss, encoding);
  const counts = await countClasses(split, 'train');
  const inOrder = encoding.classes.map((value) => counts.get(String(value)) ?? 0);
  return lossOf(loss, encoding, inOrder);
}
