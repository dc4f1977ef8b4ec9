/** A network and the batch that it is trained on, as every peer of the bench reads it, in JSON. */
interface Common {
  readonly batch: number;
  readonly classes: number;
}

/** Hidden layers with ReLU between `inputs` numbers and the classes; Adam. */
export interface MlpWorkload extends Common {
  readonly network: 'mlp';
  readonly inputs: number;
  readonly hidden: readonly number[];
}

/** Per block a 3x3 convolution without bias, batch normalization, ReLU and 2x2 pooling; then one affine map of it all; Adam. */
export interface CnnWorkload extends Common {
  readonly network: 'cnn';
  readonly channels: number;
  readonly side: number;
  readonly blocks: readonly number[];
}

/** An encoder with normalization ahead of each block, feed-forward width 4 x width and GELU by tanh; AdamW. */
export interface TransformerWorkload extends Common {
  readonly network: 'transformer';
  readonly vocabulary: number;
  readonly length: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
}

export type Workload = MlpWorkload | CnnWorkload | TransformerWorkload;

export const mlp: MlpWorkload = {
  network: 'mlp',
  inputs: 784,
  hidden: [512, 512],
  classes: 10,
  batch: 128,
};

export const cnn: CnnWorkload = {
  network: 'cnn',
  channels: 1,
  side: 28,
  blocks: [32, 64, 128],
  classes: 10,
  batch: 64,
};

export const transformer: TransformerWorkload = {
  network: 'transformer',
  vocabulary: 1000,
  length: 64,
  width: 128,
  heads: 4,
  layers: 4,
  classes: 10,
  batch: 32,
};

/** Learned numbers of an MLP. */
export const weightCount = ({ inputs, hidden, classes }: MlpWorkload): number => {
  const widths = [inputs, ...hidden, classes];
  return widths.slice(1).reduce((sum, width, index) => sum + ((widths[index] ?? 0) + 1) * width, 0);
};

/**
 * Multiplications and additions of one step of an MLP: each weight matrix is part of three products, the first one of two,
 * because nobody asks for the gradient of the rows.
 */
export function arithmetic({ inputs, hidden, classes, batch }: MlpWorkload): number {
  const widths = [inputs, ...hidden, classes];
  return widths.slice(1).reduce((sum, width, index) => {
    const products = index === 0 ? 2 : 3;
    return sum + 2 * products * batch * width * (widths[index] ?? 0);
  }, 0);
}
