import { elementwiseCases } from './elementwise-cases';
import { fusedCases } from './fused-cases';
import type { GradientCases } from './gradient-case';
import { imageCases } from './image-cases';
import { lossCases } from './loss-cases';
import { matrixCases } from './matrix-cases';
import { movementCases } from './movement-cases';
import { normalizationCases } from './normalization-cases';
import { reductionCases } from './reduction-cases';
import { fusedSequenceCases, sequenceCases } from './sequence-cases';
import { windowCases } from './window-cases';

/** Random uses of every operator that has a gradient, by domain (`''` is ai.onnx) and operator. */
export const gradientCases: Readonly<Record<string, GradientCases>> = {
  '': {
    ...elementwiseCases,
    ...matrixCases,
    ...reductionCases,
    ...movementCases,
    ...normalizationCases,
    ...windowCases,
    ...lossCases,
    ...imageCases,
    ...sequenceCases,
  },
  'com.microsoft': { ...fusedCases, ...fusedSequenceCases },
};
