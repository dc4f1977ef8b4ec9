import { constant, tensor } from '../../../shared/onnx/build';
import { add } from '../../../shared/onnx/expressions';
import type { Schedule } from '../schedules';
import { type GradientTransformation, scaled } from './gradient-transformation';
import { zeroSteps } from './state';

/** Multiplies by the rate that the schedule gives for this step, the first one being step 0. */
export const scaleByLearningRate = (schedule: Schedule): GradientTransformation => ({
  init: () => [zeroSteps()],
  update: (gradients, [steps = zeroSteps()]) => ({
    updates: scaled(gradients, schedule(steps)),
    state: [add(steps, constant(tensor('int64', [], [1])))],
  }),
});
