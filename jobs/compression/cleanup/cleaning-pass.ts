import type { Model } from '../../../shared/onnx/ir';
import { type Replace, rewrite } from '../../../shared/onnx/walk';
import type { ModelRuntime } from '../../../shared/ports/model-runtime';

/** A model after a pass, and in how many places it was changed; with none, it is the very model that was given. */
export interface Cleaned {
  readonly model: Model;
  readonly changes: number;
}

/** What a pass may use beside the model. */
export interface CleaningTools {
  readonly runtime: ModelRuntime;
  readonly signal: AbortSignal;
}

/**
 * One way to make a model smaller or faster that changes none of its answers by more than rounding. Applied to its own result
 * it changes nothing.
 */
export interface CleaningPass {
  readonly name: string;
  apply(model: Model, tools: CleaningTools): Cleaned | Promise<Cleaned>;
}

/** The model with values replaced as by `rewrite`, and how many were. */
export function replaceIn(model: Model, replace: Replace): Cleaned {
  let changes = 0;
  const graph = rewrite(model.graph, (value, rebuilt) => {
    const found = replace(value, rebuilt);
    if (found === undefined || found === rebuilt) return undefined;
    changes++;
    return found;
  });
  return changes === 0 ? { model, changes } : { model: { ...model, graph }, changes };
}
