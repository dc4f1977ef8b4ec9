import type { ModelSignature } from '../../shared/contracts/model';
import type { Model } from '../../shared/onnx/ir';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { JobContext } from '../kinds/job-kind';
import type { Samples } from './samples';

/** What is at hand while candidates are made, beside the model. */
export interface Workbench
  extends Pick<JobContext, 'runtime' | 'threads' | 'provider' | 'memoryBytes' | 'signal' | 'log'> {
  /** The model before anything was done to it, but for what changes none of its answers. */
  readonly original: Model;
  readonly signature: ModelSignature;
  /** Absent where the job has no data. */
  readonly samples?: Samples;
  /** How many rows the samples have in all. */
  readonly sampleRows: number;
  /** Who opens a session disposes of it. */
  readonly open: (model: Model) => Promise<ModelSession>;
  readonly seed: number;
}
