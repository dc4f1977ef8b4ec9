import { lossOfDifference, magnitude } from './difference';

/** Absolute difference to a number; at none at all its gradient is 0. */
export const absoluteError = lossOfDifference(magnitude);
