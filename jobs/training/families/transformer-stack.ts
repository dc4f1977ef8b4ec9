import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { attribute, operation } from '../../../shared/onnx/build';
import { add, ints, reshape } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { type Positions, sizesOver } from '../layers/attention-positions';
import { dropout } from '../layers/dropout';
import { embedding, smallNormal } from '../layers/embedding';
import { layerNormalization } from '../layers/layer-normalization';
import { transformerBlock } from '../layers/transformer-block';
import type { ForwardPass, ParameterSpec } from '../network';

export type TransformerSpec = FamilySpec<'transformer'>;

export interface StackSizes {
  /** Rows of the token table. */
  readonly vocabulary: number;
  /** Positions that there are vectors for. */
  readonly length: number;
}

/** What encoder and decoder share: tokens and places to vectors, the blocks, and a last normalization. */
export interface TransformerStack {
  readonly parameters: readonly ParameterSpec[];
  /** The parameter that has a row for each token. */
  readonly tokenTable: string;
  /** Ids int64 `[batch, length]`, none of them out of range, to `[batch * length, width]`. */
  readonly apply: (ids: Value, pass: ForwardPass, penalty?: Value) => Value;
}

/** The first vectors of the table of places, as many as the tokens have places. */
function placesOf(table: Value, ids: Value): Value {
  const length = shapeOf(ids)?.[1];
  if (length === shapeOf(table)?.[0]) return table;
  const end = operation('Shape', [ids], { start: attribute.int(1), end: attribute.int(2) });
  return operation('Slice', [table, ints([0]), end, ints([0])]);
}

/** GPT-2's sizes and start: projections into the residual stream are drawn smaller, the more of them there are. */
export function transformerStack(
  spec: TransformerSpec,
  { vocabulary, length }: StackSizes,
): TransformerStack {
  const { width, heads, layers, feed_forward_width: feedForwardWidth = 4 * width } = spec;
  const tokens = embedding({ name: 'tokens', count: vocabulary, width });
  const places = { name: 'positions.weight', dims: [length, width], initialiser: smallNormal };
  const output = { standardDeviation: smallNormal.standardDeviation / Math.sqrt(2 * layers) };
  const sizes = { width, heads, feedForwardWidth, dropout: spec.dropout, output };
  const blocks = Array.from({ length: layers }, (_, index) =>
    transformerBlock({ ...sizes, name: `block_${index}` }),
  );
  const last = layerNormalization({ name: 'normalization', width });
  const drop = dropout(spec.dropout);
  return {
    parameters: [
      ...tokens.parameters,
      places,
      ...blocks.flatMap(({ parameters }) => parameters),
      ...last.parameters,
    ],
    tokenTable: 'tokens.weight',
    apply(ids, pass, penalty) {
      const positions: Positions = { sizes: sizesOver(ids), ...(penalty ? { penalty } : {}) };
      const placed = add(tokens.apply(ids, pass), placesOf(pass.parameter(places.name), ids));
      const stream = drop.apply(reshape(placed, ints([-1, width])), pass);
      const read = blocks.reduce((rows, block) => block.apply(rows, pass, positions), stream);
      return last.apply(read, pass);
    },
  };
}
