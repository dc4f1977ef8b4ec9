import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import type { TransformerSpec } from '../families/transformer-stack';

/** A train spec of a language model. */
export interface DecoderSpec extends TrainSpec {
  readonly model: TransformerSpec & { readonly form: 'decoder' };
}

export const isDecoderSpec = (spec: TrainSpec): spec is DecoderSpec =>
  spec.model.family === 'transformer' && spec.model.form === 'decoder';
