import { convolutionRules } from './convolution-rules';
import { dropoutRules } from './dropout-rule';
import { einsumRules } from './einsum-rule';
import { elementwiseRules } from './elementwise-rules';
import type { GradientRule, GradientRules } from './gradient-rule';
import { matrixRules } from './matrix-rules';
import { movementRules } from './movement-rules';
import { normalizationRules } from './normalization-rules';
import { poolingRules } from './pooling-rules';
import { quantizationRules } from './quantization-rules';
import { reductionRules } from './reduction-rules';
import { stepLike } from './without-gradient';

/** Gradient rules by domain (`''` is ai.onnx) and operator. */
export const gradientRules: Readonly<Record<string, GradientRules>> = {
  '': {
    ...elementwiseRules,
    ...matrixRules,
    ...reductionRules,
    ...movementRules,
    ...normalizationRules,
    ...convolutionRules,
    ...poolingRules,
    ...einsumRules,
    ...dropoutRules,
    ...quantizationRules,
  },
  'com.microsoft': quantizationRules,
};

const own = <T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;

/** The rule of an operator, or undefined where it has none. */
export const gradientRuleOf = (domain: string, op: string): GradientRule | undefined =>
  own(own(gradientRules, domain), op);

/** True of operators whose output does not change with small changes of the input: their gradient is zero everywhere. */
export const isStepLike = (domain: string, op: string): boolean => own(stepLike, domain)?.has(op) ?? false;
