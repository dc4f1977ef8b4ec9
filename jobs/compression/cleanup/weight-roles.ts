import type { OperationValue, Value } from '../../../shared/onnx/ir';

/** Positions of a node's inputs; all of them where it says so. */
type Positions = readonly number[] | 'all';

/**
 * Inputs that are multiplied into a sum or added to one, so that a number far below the others leaves no trace there: ai.onnx.
 * What is divided by, logged, compared with or counted with is not among them, nor what an operator reads as a setting.
 */
const plainWeights: Readonly<Record<string, Positions>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: 'all',
  MatMul: 'all',
  Einsum: 'all',
  Add: 'all',
  Sub: 'all',
  Mul: 'all',
  Sum: 'all',
  PRelu: [1],
  RNN: [1, 2, 3, 5],
  GRU: [1, 2, 3, 5],
  LSTM: [1, 2, 3, 5, 6, 7],
  BatchNormalization: [1, 2, 3],
  LayerNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
};

/** The same for the fused operators of com.microsoft. */
const microsoftWeights: Readonly<Record<string, Positions>> = {
  Attention: [1, 2],
  MultiHeadAttention: [3],
  EmbedLayerNormalization: [2, 3, 4, 5, 6],
  SkipLayerNormalization: [2, 3, 4],
  SkipSimplifiedLayerNormalization: [2, 3],
  FusedMatMul: 'all',
  FusedConv: [1, 2],
  FusedGemm: [0, 1, 2],
  FastGelu: [1],
  BiasGelu: [1],
};

/** Inputs whose elements come out again as they are, in other places. */
const moved: Readonly<Record<string, Positions>> = {
  Identity: [0],
  Reshape: [0],
  Transpose: [0],
  Squeeze: [0],
  Unsqueeze: [0],
  Flatten: [0],
  Slice: [0],
  Split: [0],
  Gather: [0],
  Concat: 'all',
  Expand: [0],
  Tile: [0],
};

type Table = Readonly<Record<string, Positions>>;

const weights: Readonly<Record<string, Table>> = { '': plainWeights, 'com.microsoft': microsoftWeights };

function readsOnlyAt(table: Table | undefined, node: OperationValue, value: Value): boolean {
  const positions = table !== undefined && Object.hasOwn(table, node.op) ? table[node.op] : undefined;
  if (positions === undefined) return false;
  return node.inputs.every((each, at) => each !== value || positions === 'all' || positions.includes(at));
}

/** The operator is one that has weights, whether or not the graph language knows it. */
export const hasWeights = ({ op, domain }: OperationValue): boolean =>
  Object.hasOwn(weights[domain] ?? {}, op);

/** The node multiplies the value into sums or adds it, and reads it in no other way. */
export const readsAsWeight = (node: OperationValue, value: Value): boolean =>
  readsOnlyAt(weights[node.domain], node, value);

/** The node gives the elements of the value as they are, and reads it in no other way. */
export const movesOnly = (node: OperationValue, value: Value): boolean =>
  node.domain === '' && readsOnlyAt(moved, node, value);
