import { PassFailedError } from '../../shared/errors/compression-errors';
import type { Model } from '../../shared/onnx/ir';
import { verifyGraph } from '../../shared/onnx/verify';

/** What a pass did, or would do, to one layer; the bytes are those of its weights and of what decodes them. */
export interface LayerDecision {
  /** The weight's name, else its operator and shape. */
  readonly layer: string;
  readonly operator: string;
  readonly shape: readonly number[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Why it stayed as it was; absent where it was compressed. */
  readonly kept?: string;
}

/**
 * One way to make a model smaller or faster. Pure: the given model is never changed. Applied to its own result, it changes
 * nothing more.
 */
export interface Pass {
  readonly name: string;
  /** `UnsuitableModelError` where the model is of a kind that the pass cannot work on. */
  apply(model: Model): Model;
  /** What `apply` does to the model, layer by layer. */
  explain(model: Model): readonly LayerDecision[];
}

/** The passes one after the other, each result proven to be a model; `PassFailedError` names the pass and those before it. */
export function sequence(...passes: readonly Pass[]): Pass {
  return {
    name: passes.map(({ name }) => name).join(' > '),
    apply: (model) => run(passes, model).model,
    explain: (model) => run(passes, model).decisions,
  };
}

interface Progress {
  model: Model;
  decisions: readonly LayerDecision[];
}

function run(passes: readonly Pass[], model: Model): Progress {
  return passes.reduce<Progress>(
    (progress, pass, index) => {
      try {
        const decisions = pass.explain(progress.model);
        const result = pass.apply(progress.model);
        verifyGraph(result.graph);
        return { model: result, decisions: [...progress.decisions, ...decisions] };
      } catch (cause) {
        const before = passes.slice(0, index).map(({ name }) => name);
        throw new PassFailedError(pass.name, before, cause);
      }
    },
    { model, decisions: [] },
  );
}
