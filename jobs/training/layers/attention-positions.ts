import { attribute, operation } from '../../../shared/onnx/build';
import { ints } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';

/** The positions of a batch of sequences, over which a transformer's rows `[batch * length, …]` run. */
export interface Positions {
  /** `[batch, length, …rest]`, for a Reshape. */
  readonly sizes: (...rest: readonly number[]) => Value;
  /** Added to scores `[batch, heads, length, length]` of queries and keys: 0, or so low that the key counts for nothing. */
  readonly penalty?: Value;
}

/** Low enough for a softmax to make it 0, and far from where a sum would overflow. */
export const forbidden = -1e9;

/** The sizes of token ids `[batch, length]`, of which both may be open. */
export function sizesOver(tokens: Value): Positions['sizes'] {
  const [batch, length] = shapeOf(tokens) ?? [];
  if (typeof length === 'number')
    return (...rest) => ints([typeof batch === 'number' ? batch : -1, length, ...rest]);
  const sizes = operation('Shape', [tokens]);
  return (...rest) => operation('Concat', [sizes, ints(rest)], { axis: attribute.int(0) });
}
