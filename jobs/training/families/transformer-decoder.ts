import { attribute, operation } from '../../../shared/onnx/build';
import { castTo, greater, ints, multiply, reshape, unsqueeze } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { number } from '../graph-math';
import { forbidden, sizesOver } from '../layers/attention-positions';
import type { ForwardPass, Network, ParameterSpec } from '../network';
import { type StackSizes, type TransformerSpec, transformerStack } from './transformer-stack';

/** What a language model is made of; scores are made of vectors by the table that made vectors of tokens (Press and Wolf, 2017). */
export interface TransformerDecoder {
  readonly parameters: readonly ParameterSpec[];
  /** Ids int64 `[batch, length]`, none of them out of range, to `[batch * length, width]`: no position sees a later one. */
  readonly vectors: (ids: Value, pass: ForwardPass) => Value;
  /** `[rows, width]` to the scores `[rows, vocabulary]` of the tokens that might follow. */
  readonly scores: (vectors: Value, pass: ForwardPass) => Value;
}

/** 0, 1, 2, … as many as the ids have places. */
function placesOf(ids: Value, context: number): Value {
  const length = shapeOf(ids)?.[1];
  const count = typeof length === 'number' ? length : context;
  const places = ints(Array.from({ length: count }, (_, place) => place));
  if (count === length) return places;
  const end = operation('Shape', [ids], { start: attribute.int(1), end: attribute.int(2) });
  return operation('Slice', [places, ints([0]), end, ints([0])]);
}

/** 0 where a query (row) may attend to a key (column), which is at its own place or before it. */
function causalPenalty(ids: Value, context: number): Value {
  const places = placesOf(ids, context);
  const isLater = greater(unsqueeze(places, [0]), unsqueeze(places, [1]));
  return multiply(castTo(isLater, 'float'), number(forbidden));
}

/** The parts of a language model that reads at most `length` tokens, its context. */
export function transformerDecoder(spec: TransformerSpec, sizes: StackSizes): TransformerDecoder {
  const stack = transformerStack(spec, sizes);
  return {
    parameters: stack.parameters,
    vectors: (ids, pass) => stack.apply(ids, pass, causalPenalty(ids, sizes.length)),
    scores: (vectors, pass) =>
      operation('Gemm', [vectors, pass.parameter(stack.tokenTable)], { transB: attribute.int(1) }),
  };
}

/** The decoder as it is trained: ids `[batch, length]` to the scores `[batch, length, vocabulary]` of what follows each. */
export const nextTokenNetwork = (decoder: TransformerDecoder, { vocabulary }: StackSizes): Network => ({
  parameters: decoder.parameters,
  statistics: [],
  apply: (ids, pass) => reshape(decoder.scores(decoder.vectors(ids, pass), pass), sizesOver(ids)(vocabulary)),
});
