import type { OperationValue } from '../../../../shared/onnx/ir';
import { attentionRules, fusedAttentionRules } from './attention-rules';
import type { ChannelRule, ChannelRuleTable } from './channel-rule';
import { convolutionRules } from './convolution-rules';
import { elementwiseRules, fusedElementwiseRules } from './elementwise-rules';
import { indexingRules } from './indexing-rules';
import { fusedMatrixRules, matrixRules } from './matrix-rules';
import { movementRules } from './movement-rules';
import { fusedNormalizationRules, normalizationRules } from './normalization-rules';
import { recurrenceRules } from './recurrence-rules';
import { resamplingRules } from './resampling-rules';
import { reshapeRules } from './reshape-rules';

const rules: Readonly<Record<string, ChannelRuleTable>> = {
  '': {
    ...elementwiseRules,
    ...matrixRules,
    ...convolutionRules,
    ...normalizationRules,
    ...reshapeRules,
    ...movementRules,
    ...indexingRules,
    ...resamplingRules,
    ...recurrenceRules,
    ...attentionRules,
  },
  'com.microsoft': {
    ...fusedElementwiseRules,
    ...fusedMatrixRules,
    ...fusedNormalizationRules,
    ...fusedAttentionRules,
  },
};

/** The operator's rule; undefined for one that lets no channel go. */
export function channelRuleOf({ domain, op }: OperationValue): ChannelRule | undefined {
  const table = rules[domain];
  return table !== undefined && Object.hasOwn(table, op) ? table[op] : undefined;
}
