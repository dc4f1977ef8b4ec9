import { add } from '../../../shared/onnx/expressions';
import type { Initialiser } from '../network';
import { activation } from './activation';
import { type SequenceLayer, selfAttention } from './attention';
import { dense } from './dense';
import { dropout } from './dropout';
import { smallNormal } from './embedding';
import { layerNormalization } from './layer-normalization';
import { sequential } from './sequential';

export interface TransformerBlockOptions {
  readonly name: string;
  readonly width: number;
  readonly heads: number;
  readonly feedForwardWidth: number;
  readonly dropout: number;
  /** Of the two projections that are added to the residual stream. */
  readonly output: Initialiser;
}

/**
 * Attention, then a feed-forward network, each added to what it read, with layer normalization ahead of it: the order of
 * GPT-2 (Radford et al., 2019), which trains without a long warm-up.
 */
export function transformerBlock(options: TransformerBlockOptions): SequenceLayer {
  const { name, width, feedForwardWidth } = options;
  const normalization = (part: string) =>
    layerNormalization({ name: `${name}.${part}_normalization`, width });
  const before = normalization('attention');
  const attention = selfAttention({ ...options, name: `${name}.attention` });
  const wide = { name: `${name}.feed_forward.hidden`, inputs: width, outputs: feedForwardWidth };
  const back = { name: `${name}.feed_forward.output`, inputs: feedForwardWidth, outputs: width };
  const feedForward = sequential(
    normalization('feed_forward'),
    dense({ ...wide, initialiser: smallNormal }),
    activation('gelu'),
    dense({ ...back, initialiser: options.output }),
    dropout(options.dropout),
  );
  return {
    parameters: [...before.parameters, ...attention.parameters, ...feedForward.parameters],
    apply(rows, pass, positions) {
      const read = add(rows, attention.apply(before.apply(rows, pass), pass, positions));
      return add(read, feedForward.apply(read, pass));
    },
  };
}
