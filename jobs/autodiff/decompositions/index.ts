import { attentionDecompositions, fusedAttentionDecompositions } from './attention';
import type { Decomposition, Decompositions } from './decomposition';
import { fusedDecompositions } from './fused';
import { gridSampleDecompositions } from './grid-sample';
import { lossDecompositions } from './losses';
import { normalizationDecompositions } from './normalizations';
import { poolDecompositions } from './pools';
import { recurrenceDecompositions } from './recurrences';
import { resamplingDecompositions } from './resampling';

/** Operators that are differentiated through others, by domain (`''` is ai.onnx) and operator. */
export const decompositions: Readonly<Record<string, Decompositions>> = {
  '': {
    ...lossDecompositions,
    ...normalizationDecompositions,
    ...poolDecompositions,
    ...resamplingDecompositions,
    ...gridSampleDecompositions,
    ...recurrenceDecompositions,
    ...attentionDecompositions,
  },
  'com.microsoft': { ...fusedDecompositions, ...fusedAttentionDecompositions },
};

/** How an operator is made of others, or undefined where nobody has said it. */
export function decompositionOf(domain: string, op: string): Decomposition | undefined {
  const table = Object.hasOwn(decompositions, domain) ? decompositions[domain] : undefined;
  return table !== undefined && Object.hasOwn(table, op) ? table[op] : undefined;
}
