import { constant, operation, scalar } from '../../../shared/onnx/build';
import {
  castTo,
  ints,
  matMul,
  multiply,
  reshape,
  subtract,
  unsqueeze,
} from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number } from '../graph-math';
import { forbidden } from '../layers/attention-positions';
import { dense } from '../layers/dense';
import { smallNormal } from '../layers/embedding';
import type { Network } from '../network';
import { type StackSizes, type TransformerSpec, transformerStack } from './transformer-stack';

export interface EncoderSizes extends StackSizes {
  readonly outputs: number;
}

const id = (value: number): Value => constant(scalar(value, 'int64'));

/** 1 where there is a token and 0 where a sequence is over: `[batch, length]`. */
const presenceOf = (tokens: Value): Value => castTo(operation('GreaterOrEqual', [tokens, id(0)]), 'float');

/** The last id stands for every token that no training row has; where there is none, any id will do. */
const readable = (tokens: Value, unknown: number): Value =>
  operation('Min', [operation('Max', [tokens, id(0)]), id(unknown)]);

/** Each position's part in the mean over those that there are: `[batch, 1, length]`. */
function sharesOf(presence: Value): Value {
  const count = operation('ReduceSum', [presence, ints([1])]);
  return unsqueeze(operation('Div', [presence, operation('Max', [count, number(1)])]), [1]);
}

/**
 * Token ids int64 `[batch, length]`, -1 behind the end of a sequence, to `[batch, outputs]`: blocks of attention, the mean
 * over the positions that there are, an affine map. What stands behind the end is never attended to.
 */
export function transformerEncoder(
  spec: TransformerSpec,
  { vocabulary, length, outputs }: EncoderSizes,
): Network {
  const stack = transformerStack(spec, { vocabulary: vocabulary + 1, length });
  const head = dense({ name: 'output', inputs: spec.width, outputs, initialiser: smallNormal });
  return {
    parameters: [
      ...stack.parameters.map((parameter) =>
        parameter.name === stack.tokenTable ? { ...parameter, silentRows: [vocabulary] } : parameter,
      ),
      ...head.parameters,
    ],
    statistics: [],
    apply(tokens, pass) {
      const presence = presenceOf(tokens);
      const penalty = multiply(subtract(number(1), presence), number(forbidden));
      const rows = stack.apply(readable(tokens, vocabulary), pass, unsqueeze(penalty, [1, 2]));
      const sequences = reshape(rows, ints([-1, length, spec.width]));
      const pooled = matMul(sharesOf(presence), sequences);
      return head.apply(reshape(pooled, ints([-1, spec.width])), pass);
    },
  };
}
