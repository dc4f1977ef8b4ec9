import type { ScheduleSpec } from '../../shared/contracts/training/optimizer-spec';
import { constant, operation, tensor } from '../../shared/onnx/build';
import { add, castTo, divide, multiply, subtract } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { number } from './graph-math';

/** The learning rate (float) at a step (int64, from 0), both of rank 0. */
export type Schedule = (step: Value) => Value;

export const constantSchedule =
  (learningRate: number): Schedule =>
  () =>
    number(learningRate);

interface CosineOptions {
  readonly learningRate: number;
  readonly totalSteps: number;
  /** Rises linearly over these first steps; the first one is not zero. */
  readonly warmupSteps: number;
  /** What is left at the end, as a part of the learning rate. */
  readonly finalFraction: number;
}

/** Linear warm-up, then half a cosine down to the final fraction (Loshchilov and Hutter, 2017), and on at that. */
const cosineSchedule =
  ({ learningRate, totalSteps, warmupSteps, finalFraction }: CosineOptions): Schedule =>
  (step) => {
    const at = castTo(step, 'float');
    const decaySteps = Math.max(1, totalSteps - warmupSteps);
    const progress = divide(subtract(at, number(warmupSteps)), number(decaySteps));
    const done = operation('Min', [operation('Max', [progress, number(0)]), number(1)]);
    const cosine = operation('Cos', [multiply(done, number(Math.PI))]);
    const half = (learningRate * (1 - finalFraction)) / 2;
    const decaying = add(multiply(cosine, number(half)), number(half + learningRate * finalFraction));
    if (warmupSteps === 0) return decaying;
    const rising = multiply(add(at, number(1)), number(learningRate / warmupSteps));
    return operation('Where', [isBefore(step, warmupSteps), rising, decaying]);
  };

const isBefore = (step: Value, bound: number): Value =>
  operation('Less', [step, constant(tensor('int64', [], [bound]))]);

export interface ScheduleSetting {
  readonly learningRate: number;
  readonly totalSteps: number;
}

/** The schedule that a spec asks for, over this many steps. */
export function scheduleOf(spec: ScheduleSpec, { learningRate, totalSteps }: ScheduleSetting): Schedule {
  if (spec.name !== 'cosine') return constantSchedule(learningRate);
  return cosineSchedule({
    learningRate,
    totalSteps,
    warmupSteps: Math.round(spec.warmup_fraction * totalSteps),
    finalFraction: spec.final_fraction,
  });
}
