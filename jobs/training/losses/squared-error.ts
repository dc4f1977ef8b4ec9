import { multiply } from '../../../shared/onnx/expressions';
import { lossOfDifference } from './difference';

/** Squared difference to a number. */
export const squaredError = lossOfDifference((error) => multiply(error, error));
