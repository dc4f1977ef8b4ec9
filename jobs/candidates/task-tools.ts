import type { ModelRuntime } from '../../shared/ports/model-runtime';
import type { CandidateMessage } from './orders';

/** What a task of a compression has of the world, beside its order. */
export interface TaskTools {
  /** As training has it. */
  readonly runtime: ModelRuntime;
  /** As predictions are served. */
  readonly servingRuntime: ModelRuntime;
  readonly signal: AbortSignal;
  readonly log: (level: CandidateMessage['level'], message: string) => void;
}
