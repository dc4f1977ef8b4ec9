import { attribute, operation, output } from '../../../shared/onnx/build';
import { add, ints, matMul, reshape, transpose } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import type { ForwardPass, Initialiser, Network } from '../network';
import type { Positions } from './attention-positions';
import { dense } from './dense';
import { dropout } from './dropout';
import { smallNormal } from './embedding';

export interface SelfAttentionOptions {
  readonly name: string;
  /** A multiple of the heads. */
  readonly width: number;
  readonly heads: number;
  /** Of attention weights and of what is added to the stream, while training. */
  readonly dropout: number;
  /** Of the projection back into the residual stream. */
  readonly output: Initialiser;
}

/** A part of a network that has to know where its rows stand in their sequences. */
export interface SequenceLayer extends Pick<Network, 'parameters'> {
  /** `[batch * length, width]` to the same. */
  readonly apply: (rows: Value, pass: ForwardPass, positions: Positions) => Value;
}

/** Queries times keys over the root of their size: `[batch, heads, length, length]`. */
const scoresOf = (queries: Value, keys: Value, size: number): Value =>
  operation(
    'FusedMatMul',
    [queries, keys],
    { transB: attribute.int(1), alpha: attribute.float(1 / Math.sqrt(size)) },
    { domain: 'com.microsoft' },
  );

/**
 * Scaled dot-product attention of several heads (Vaswani et al., 2017): one Gemm makes queries, keys and values of all heads.
 */
export function selfAttention({ name, width, heads, ...options }: SelfAttentionOptions): SequenceLayer {
  const size = width / heads;
  const projected = { name: `${name}.projection`, inputs: width, outputs: 3 * width };
  const joint = dense({ ...projected, initialiser: smallNormal });
  const back = { name: `${name}.output`, inputs: width, outputs: width };
  const last = dense({ ...back, initialiser: options.output });
  const drop = dropout(options.dropout);
  return {
    parameters: [...joint.parameters, ...last.parameters],
    apply(rows, pass, { sizes, penalty }) {
      const split = operation(
        'Split',
        [joint.apply(rows, pass)],
        { axis: attribute.int(1), num_outputs: attribute.int(3) },
        { outputs: 3 },
      );
      const [queries, keys, values] = [0, 1, 2].map((index) =>
        transpose(reshape(output(split, index), sizes(heads, size)), [0, 2, 1, 3]),
      );
      if (!queries || !keys || !values) return rows;
      const scores = scoresOf(queries, keys, size);
      const weights = operation('Softmax', [penalty ? add(scores, penalty) : scores], {
        axis: attribute.int(-1),
      });
      const read = matMul(drop.apply(weights, pass), values);
      const together = reshape(transpose(read, [0, 2, 1, 3]), ints([-1, width]));
      return drop.apply(last.apply(together, pass), pass);
    },
  };
}
