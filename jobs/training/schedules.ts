import type { ScheduleSpec } from '../../shared/contracts/training/optimizer-spec';
import { constant, operation, tensor } from '../../shared/onnx/build';
import { add, castTo, divide, less, multiply, power, subtract, where } from '../../shared/onnx/expressions';
import type { Value } from '../../shared/onnx/ir';
import { number } from './graph-math';

/** The learning rate (float) at a step (int64, from 0), both of rank 0. */
export type Schedule = (step: Value) => Value;

export const constantSchedule =
  (learningRate: number): Schedule =>
  () =>
    number(learningRate);

export interface ScheduleSetting {
  readonly learningRate: number;
  readonly totalSteps: number;
}

const whole = (value: number): Value => constant(tensor('int64', [], [value]));

/** How much of the way from one step to another is done, from 0 to 1. */
function progress(step: Value, from: number, to: number): Value {
  const done = divide(subtract(castTo(step, 'float'), number(from)), number(to - from));
  return operation('Min', [operation('Max', [done, number(0)]), number(1)]);
}

/** From one rate to another in a straight line. */
const straight = (from: number, to: number, done: Value): Value =>
  add(number(from), multiply(done, number(to - from)));

/** From one rate to another by half a cosine (Loshchilov and Hutter, 2017). */
function halfCosine(from: number, to: number, done: Value): Value {
  const cosine = operation('Cos', [multiply(done, number(Math.PI))]);
  return add(multiply(cosine, number((from - to) / 2)), number((from + to) / 2));
}

type Name = ScheduleSpec['name'];
type SpecOf<N extends Name> = Extract<ScheduleSpec, { name: N }>;

interface Span extends ScheduleSetting {
  readonly warmupSteps: number;
}

/** What decays to its end does so from the last step of the warm-up to the end of the training. */
const afterWarmup = (step: Value, { warmupSteps, totalSteps }: Span): Value =>
  progress(step, warmupSteps, Math.max(warmupSteps + 1, totalSteps));

/** PyTorch's StepLR: multiplied by the factor once for all steps of a part that are done. */
function stepwise(spec: SpecOf<'step'>, { learningRate, totalSteps }: Span, step: Value): Value {
  const every = Math.max(1, Math.round(spec.every_fraction * totalSteps));
  const times = castTo(operation('Div', [step, whole(every)]), 'float');
  return multiply(number(learningRate), power(number(spec.factor), times));
}

/** PyTorch's OneCycleLR: the last step of either phase has the rate that the phase ends at. */
function oneCycle(spec: SpecOf<'one_cycle'>, { learningRate, totalSteps }: Span, step: Value): Value {
  const top = Math.max(spec.rising_fraction * totalSteps - 1, 0.5);
  const last = Math.max(totalSteps - 1, top + 0.5);
  const rising = halfCosine(spec.initial_fraction * learningRate, learningRate, progress(step, 0, top));
  const falling = halfCosine(learningRate, spec.final_fraction * learningRate, progress(step, top, last));
  return where(operation('LessOrEqual', [castTo(step, 'float'), number(top)]), rising, falling);
}

type RateOf<N extends Name> = (spec: SpecOf<N>, span: Span, step: Value) => Value;

/** The rate of each schedule, leaving warm-up aside. */
const rates: { readonly [N in Name]: RateOf<N> } = {
  constant: (_, { learningRate }) => number(learningRate),
  step: stepwise,
  linear: ({ final_fraction }, span, step) =>
    straight(span.learningRate, span.learningRate * final_fraction, afterWarmup(step, span)),
  cosine: ({ final_fraction }, span, step) =>
    halfCosine(span.learningRate, span.learningRate * final_fraction, afterWarmup(step, span)),
  one_cycle: oneCycle,
};

const rateOf = <N extends Name>(name: N, spec: SpecOf<N>, at: { span: Span; step: Value }): Value =>
  rates[name](spec, at.span, at.step);

/** The first step of a warm-up is not of rate zero, and its last one has the whole rate. */
const warming = (step: Value, { learningRate, warmupSteps }: Span): Value =>
  multiply(add(castTo(step, 'float'), number(1)), number(learningRate / warmupSteps));

/** The schedule that a spec asks for, over this many steps; all of them stay at their end behind it. */
export function scheduleOf(spec: ScheduleSpec, setting: ScheduleSetting): Schedule {
  const part = spec.name === 'one_cycle' ? 0 : spec.warmup_fraction;
  const span: Span = { ...setting, warmupSteps: Math.round(part * setting.totalSteps) };
  return (step) => {
    const rate = rateOf(spec.name, spec, { span, step });
    if (span.warmupSteps === 0) return rate;
    return where(less(step, whole(span.warmupSteps)), warming(step, span), rate);
  };
}
