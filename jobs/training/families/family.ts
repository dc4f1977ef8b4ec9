import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import type { FamilyName, FamilySpec } from '../../../shared/contracts/training/model-spec';
import type { SplitTable } from '../../datasets/split-table';
import type { JobContext } from '../../kinds/job-kind';
import type { Prepared } from '../prepare';
import type { TargetEncoding } from '../target-encoding';

export interface PrepareRequest<F extends FamilyName> {
  readonly spec: TrainSpec;
  readonly model: FamilySpec<F>;
  readonly split: SplitTable;
  /** Names of the columns to learn from. */
  readonly features: readonly string[];
  readonly context: Pick<JobContext, 'inputs' | 'models' | 'log'>;
  /** Known beforehand: of a teacher, whose answers are learned. */
  readonly encoding?: TargetEncoding;
}

/** Looks at the training rows and says what the model reads, predicts and is made of. */
export type PrepareFamily<F extends FamilyName> = (request: PrepareRequest<F>) => Promise<Prepared>;
