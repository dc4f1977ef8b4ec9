import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import { BadSpecError } from '../../../shared/errors/job-errors';
import type { TransformerSpec } from '../families/transformer-stack';

/** A train spec of a language model. */
export interface DecoderSpec extends TrainSpec {
  readonly model: TransformerSpec & { readonly form: 'decoder' };
}

export const isDecoderSpec = (spec: TrainSpec): spec is DecoderSpec =>
  spec.model.family === 'transformer' && spec.model.form === 'decoder';

interface Rule {
  readonly pointer: string;
  readonly detail: string;
  readonly holds: (spec: DecoderSpec) => boolean;
}

/** Fields that mean something for rows of a table, and nothing for one long text. */
const rules: readonly Rule[] = [
  {
    pointer: '/task',
    detail: 'has no place in a language model, which predicts the next token: leave it out',
    holds: ({ task }) => task === undefined,
  },
  {
    pointer: '/features',
    detail: 'has no place in a language model, which reads the column that target names: leave it out',
    holds: ({ features }) => features === undefined,
  },
  {
    pointer: '/loss/name',
    detail: "of a language model can only be 'cross_entropy'",
    holds: ({ loss }) => loss === undefined || loss.name === 'cross_entropy',
  },
  {
    pointer: '/loss/class_weights',
    detail: 'has no place in a language model: leave it out',
    holds: ({ loss }) => loss?.name !== 'cross_entropy' || loss.class_weights === undefined,
  },
  {
    pointer: '/augmentation',
    detail: 'is for images and rows of numbers: leave it out',
    holds: ({ augmentation }) => augmentation === undefined,
  },
];

/** `BadSpecError` where a language model is asked for what it cannot do. */
export function checkDecoderSpec(spec: DecoderSpec): void {
  const broken = rules.filter(({ holds }) => !holds(spec));
  if (broken.length === 0) return;
  const violations = broken.map(({ pointer, detail }) => ({ pointer, detail }));
  const told = violations.map(({ pointer, detail }) => `${pointer.slice(1).replaceAll('/', '.')} ${detail}`);
  throw new BadSpecError(told.join('; '), violations);
}
