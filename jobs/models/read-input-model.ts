import { readFile } from 'node:fs/promises';
import type { OrderModel } from '../../shared/contracts/run-order';
import { BadSpecError } from '../../shared/errors/job-errors';
import type { JobContext } from '../kinds/job-kind';

/** A version of the registry that a job reads: its file, and what is known of it. */
export interface InputModel extends OrderModel {
  readonly bytes: Uint8Array;
}

/** The model in this role; `BadSpecError` where the job's order names none. */
export async function readInputModel(
  { inputs, models }: Pick<JobContext, 'inputs' | 'models'>,
  role: string,
): Promise<InputModel> {
  const known = models?.[role];
  if (known === undefined) throw new BadSpecError(`the order of this job names no model as its ${role}`);
  return { ...known, bytes: await readFile(await inputs.path(role)) };
}
