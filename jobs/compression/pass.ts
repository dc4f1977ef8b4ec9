import type { Model, Value } from '../../shared/onnx/ir';

/** What a pass did to one layer; the bytes are those of its weights and of what decodes them. */
export interface LayerDecision {
  /** Unique within the model that the pass was given; see `layer-names.ts`. */
  readonly layer: string;
  readonly operator: string;
  readonly shape: readonly number[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Why it stayed as it was; absent where it was compressed. */
  readonly kept?: string;
  /**
   * The layer's result in the graph that was given and in the one that came of it, to measure how far they are apart; absent
   * where it stayed as it was, where the two have other shapes, and inside bodies.
   */
  readonly results?: { readonly before: Value; readonly after: Value };
}

/** A model after a pass, and what the pass did to it, layer by layer. */
export interface Passed {
  readonly model: Model;
  readonly layers: readonly LayerDecision[];
}

/**
 * One way to make a model smaller or faster: graph in, graph out. The given model is never changed. What a pass must know of
 * data (ranges of activations, the importance of channels) is measured before and given to the function that makes the pass.
 * `UnsuitableModelError` where the model is of a kind that the pass cannot work on.
 */
export interface Pass {
  /** As in a compress spec. */
  readonly name: string;
  apply(model: Model): Passed | Promise<Passed>;
}
