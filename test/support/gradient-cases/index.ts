import { elementwiseCases } from './elementwise-cases';
import type { GradientCases } from './gradient-case';
import { matrixCases } from './matrix-cases';
import { movementCases } from './movement-cases';
import { reductionCases } from './reduction-cases';

/** Random uses of every operator of ai.onnx that has a gradient rule. */
export const gradientCases: GradientCases = {
  ...elementwiseCases,
  ...matrixCases,
  ...reductionCases,
  ...movementCases,
};
