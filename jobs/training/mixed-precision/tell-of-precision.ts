import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import type { JobContext } from '../../kinds/job-kind';

const ofMixed: Readonly<Record<JobContext['provider'], string>> = {
  cpu: "precision 'mixed' gains nothing here: a CPU has no kernels for float16, so the runtime computes in float32, and scaling the loss takes some time; ask for a GPU, or for 'float32'",
  cuda: "precision 'mixed' computes products of matrices and convolutions in float16",
};

/** Says in the job's log what a precision gains on the machine that it is asked of. */
export function tellOfPrecision(
  { precision }: Pick<TrainSpec, 'precision'>,
  { provider, log }: Pick<JobContext, 'provider' | 'log'>,
): void {
  if (precision === 'mixed') log(provider === 'cpu' ? 'warn' : 'info', ofMixed[provider]);
}
