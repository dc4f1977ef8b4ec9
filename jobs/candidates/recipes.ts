import { type StepSpec, stepSpec } from '../../shared/contracts/compression/step-spec';
import type { RecipeName } from '../../shared/contracts/kinds/compress';

type Steps = readonly StepSpec[];

/** Steps with their defaults filled in. */
const steps = (...given: readonly object[]): Steps => given.map((step) => stepSpec.parse(step));

const pruned = (fraction: number) => ({
  name: 'prune_channels',
  fraction,
  rounds: 2,
  recovery: { learning_rate: 0.002 },
});
const weightOnly = (bits: 4 | 8, block: 16 | 32 | 64) => ({ name: 'weight_only', bits, block });

/** Forms that take seconds to make: what `auto` begins with. */
export const quickForms: readonly Steps[] = [
  steps({ name: 'int8_dynamic' }),
  steps({ name: 'int8_static' }),
  steps(weightOnly(4, 32)),
  steps(weightOnly(8, 64)),
  steps({ name: 'float16' }),
];

/** Forms that are trained: what `auto` ends with, while it has time. */
export const trainedForms = {
  quantizationAware: steps({ name: 'quantization_aware' }),
  pruned: [steps(pruned(0.5)), steps(pruned(0.25))],
} as const;

/** Other ways to find the ranges of activations. */
export const otherCalibrations: readonly StepSpec[] = steps(
  { name: 'int8_static', calibration: { method: 'percentile' } },
  { name: 'int8_static', calibration: { method: 'entropy' } },
);

export const staticInt8: StepSpec = stepSpec.parse({ name: 'int8_static' });

/** Named sequences: every line is a candidate. */
export const recipes: Readonly<Record<Exclude<RecipeName, 'auto'>, readonly Steps[]>> = {
  fast: [
    steps({ name: 'int8_static' }),
    steps({ name: 'int8_dynamic' }),
    steps(pruned(0.5)),
    steps(pruned(0.5), { name: 'int8_static' }),
  ],
  small: [
    steps(weightOnly(4, 32)),
    steps({ name: 'int8_dynamic' }),
    steps({ name: 'int8_static' }),
    steps(pruned(0.5), weightOnly(4, 32)),
  ],
  balanced: [steps({ name: 'int8_static' }), steps({ name: 'int8_dynamic' }), steps(weightOnly(8, 64))],
};
