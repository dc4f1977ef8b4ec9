import type { StepName, StepOf, StepSpec } from '../../../shared/contracts/compression/step-spec';
import { formatShare } from '../format-number';

type Told = readonly (string | false | undefined)[];

const percent = (fraction: number): string => formatShare(fraction).replace('.0 %', ' %');

type WeightForm = Pick<StepOf<'int8_static'>, 'per_channel' | 'symmetric' | 'reduce_range' | 'keep'>;

const weights = ({ per_channel, symmetric, reduce_range, keep }: WeightForm): Told => [
  per_channel ? 'a scale per channel' : 'a scale per tensor',
  !symmetric && 'asymmetric',
  reduce_range && '7 bits',
  ...kept(keep),
];

const kept = (layers: readonly string[]): Told => [
  layers.length > 0 && `${layers.length} layers kept in floats`,
];

const ranges = ({
  calibration: { method, percentile },
}: Pick<StepOf<'int8_static'>, 'calibration'>): string =>
  `ranges by ${method === 'percentile' ? `percentile ${percentile}` : method}`;

const pruned = ({ fraction, importance, rounds, recovery }: StepOf<'prune_channels'>): Told => [
  percent(fraction),
  importance === undefined ? '' : `by ${importance}`,
  rounds > 1 && `in ${rounds} rounds`,
  recovery !== null && `recovered over ${recovery.epochs} epochs`,
];

/** What each step does, then how. */
const texts: { readonly [N in StepName]: (step: StepOf<N>) => Told } = {
  int8_dynamic: (step) => ['Dynamic int8', step.each_row && 'a scale per row', ...weights(step)],
  int8_static: (step) => ['Static int8', ranges(step), ...weights(step)],
  weight_only: ({ bits, block, symmetric, keep }) => [
    `Weights of ${bits} bits`,
    `blocks of ${block}`,
    symmetric && 'symmetric',
    ...kept(keep),
  ],
  float16: ({ keep }) => ['Float16', ...kept(keep)],
  quantization_aware: (step) => ['Int8 that was trained for', ranges(step), ...weights(step)],
  prune_channels: (step) => ['Channels pruned', ...pruned(step)],
  prune_heads: (step) => ['Attention heads pruned', ...pruned({ ...step, name: 'prune_channels' })],
  prune_layers: (step) => ['Layers pruned', ...pruned({ ...step, name: 'prune_channels' })],
  prune_weights: ({ pattern, ...step }) => [
    `Weights set to zero, ${pattern}`,
    ...pruned({ ...step, name: 'prune_channels' }),
  ],
  distill: ({ student, temperature, epochs }) => [
    `A ${student.family} that learned from it`,
    `temperature ${temperature}`,
    `${epochs} epochs`,
  ],
};

const toldOf = <N extends StepName>(name: N, step: StepOf<N>): Told => texts[name](step);

/** A step of a compression in words: what it does, and the settings that tell it from others. */
const stepText = (step: StepSpec): string => toldOf(step.name, step).filter(Boolean).join(', ');

/** Steps one after the other; of none, what every candidate begins with. */
export const stepsText = (steps: readonly StepSpec[]): string =>
  steps.length === 0 ? 'The clean-up alone' : steps.map(stepText).join('; then ');
