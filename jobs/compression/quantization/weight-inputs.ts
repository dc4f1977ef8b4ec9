import type { WeightInputs } from './weighted-layers';

/** Where operators have the tables and matrices that make up nearly all of a model's bytes. */
export const weightInputs: WeightInputs = {
  MatMul: [0, 1],
  Gemm: [0, 1],
  Einsum: [0, 1],
  Conv: [1],
  ConvTranspose: [1],
  DeformConv: [1],
  RNN: [1, 2],
  GRU: [1, 2],
  LSTM: [1, 2],
  Gather: [0],
  Slice: [0],
  'com.microsoft::FusedMatMul': [0, 1],
  'com.microsoft::Attention': [1],
  'com.microsoft::EmbedLayerNormalization': [2, 3, 4],
};
