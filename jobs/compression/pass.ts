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

/** A model after its passes, and what they decided, in their order. */
export interface Compressed {
  readonly model: Model;
  readonly decisions: readonly LayerDecision[];
}

export type Recipe = (model: Model) => Compressed;

/** The passes one after the other, each result proven to be a graph; `PassFailedError` names the pass and those before it. */
export const sequence =
  (...passes: readonly Pass[]): Recipe =>
  (model) =>
    passes.reduce<Compressed>(
      (compressed, pass, index) => {
        try {
          return step(pass, compressed);
        } catch (cause) {
          const before = passes.slice(0, index).map(({ name }) => name);
          throw new PassFailedError(pass.name, before, cause);
        }
      },
      { model, decisions: [] },
    );

function step(pass: Pass, { model, decisions }: Compressed): Compressed {
  const explained = pass.explain(model);
  const result = pass.apply(model);
  verifyGraph(result.graph);
  return { model: result, decisions: [...decisions, ...explained] };
}
