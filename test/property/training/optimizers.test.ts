import fc from 'fast-check';
import { addL1Penalty } from '../../../jobs/training/optimizers/add-l1-penalty';
import { addWeightDecay } from '../../../jobs/training/optimizers/add-weight-decay';
import { clipByGlobalNorm } from '../../../jobs/training/optimizers/clip-by-global-norm';
import { clipByValue } from '../../../jobs/training/optimizers/clip-by-value';
import { everyParameter, matricesBut } from '../../../jobs/training/optimizers/decayed';
import {
  descend,
  type GradientTransformation,
  multipliedOut,
} from '../../../jobs/training/optimizers/gradient-transformation';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { scaleByAdagrad } from '../../../jobs/training/optimizers/scale-by-adagrad';
import { scaleByAdam } from '../../../jobs/training/optimizers/scale-by-adam';
import { scaleByLion } from '../../../jobs/training/optimizers/scale-by-lion';
import { scaleByMomentum } from '../../../jobs/training/optimizers/scale-by-momentum';
import { scaleByRmsprop } from '../../../jobs/training/optimizers/scale-by-rmsprop';
import { scaleByTrustRatio } from '../../../jobs/training/optimizers/scale-by-trust-ratio';
import { constantSchedule } from '../../../jobs/training/schedules';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { constant, floats, input, scalar } from '../../../shared/onnx/build';
import type { Tensor, Value } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const numbersOf = (value: Tensor | undefined) => Array.from(value?.data ?? [], Number);
const normOf = (values: readonly number[]) => Math.hypot(...values);

/** Away from zero and from what float32 rounds away. */
const weight = fc
  .double({ min: 0.01, max: 10, noNaN: true })
  .chain((size) => fc.constantFrom(size, -size).map(Math.fround));
const weights = (length: number) => fc.array(weight, { minLength: length, maxLength: length });

interface Given {
  readonly parameters: readonly (readonly number[])[];
  readonly gradients: readonly (readonly number[])[];
  /** In the gradients, or apart as their factor. */
  readonly factor?: number;
}

/** The directions that a transformation makes in its second step, the first one having left its state behind. */
async function transformed(transformation: GradientTransformation, given: Given): Promise<number[][]> {
  const tensors = (lists: readonly (readonly number[])[]): Value[] =>
    lists.map((values) => constant(floats([values.length], values)));
  const parameters = tensors(given.parameters);
  const directions = {
    values: tensors(given.gradients),
    ...(given.factor === undefined ? {} : { factor: constant(scalar(given.factor)) }),
  };
  const first = transformation.update(directions, transformation.init(parameters), parameters);
  const { updates } = transformation.update(directions, first.state, parameters);
  const wanted = multipliedOut(updates).map((value, index) => [`update_${index}`, value] as const);
  const results = await runGraph(new Map(), Object.fromEntries(wanted));
  return wanted.map(([name]) => numbersOf(results[name]));
}

const runs = { numRuns: 25 };

describe('clipping', () => {
  it('leaves no norm above its bound, and every direction where it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        weights(3),
        weights(2),
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        async (a, b, bound) => {
          const got = (
            await transformed(clipByGlobalNorm(bound), { parameters: [a, b], gradients: [a, b] })
          ).flat();

          const whole = [...a, ...b];
          expect(normOf(got)).toBeLessThanOrEqual(bound * (1 + 1e-5));
          expect(normOf(got)).toBeCloseTo(Math.min(bound, normOf(whole)), 3);
          got.forEach((value, at) => {
            expect(value / normOf(got)).toBeCloseTo((whole[at] ?? 0) / normOf(whole), 4);
          });
        },
      ),
      runs,
    );
  });

  it('by value leaves no element beyond its bound, and those within as they are', async () => {
    await fc.assert(
      fc.asyncProperty(weights(5), fc.double({ min: 0.1, max: 5, noNaN: true }), async (values, bound) => {
        const [got = []] = await transformed(clipByValue(bound), {
          parameters: [values],
          gradients: [values],
        });

        const limit = Math.fround(bound);
        expect(got).toEqual(values.map((value) => Math.max(-limit, Math.min(limit, value))));
      }),
      runs,
    );
  });
});

describe('penalties', () => {
  it.each<[string, (part: number) => GradientTransformation, (value: number) => number]>([
    ['L1', (part) => addL1Penalty(part, everyParameter), Math.abs],
    ['L2', (part) => addWeightDecay(part, everyParameter), (value) => value ** 2 / 2],
  ])('%s adds the slope of its penalty', async (_, penalty, term) => {
    await fc.assert(
      fc.asyncProperty(weights(4), fc.double({ min: 0.01, max: 1, noNaN: true }), async (values, part) => {
        const [got = []] = await transformed(penalty(part), {
          parameters: [values],
          gradients: [values.map(() => 0)],
        });

        const step = 1e-4;
        const slope = (at: number) => (part * (term(at + step) - term(at - step))) / (2 * step);
        got.forEach((value, index) => {
          expect(value).toBeCloseTo(slope(values[index] ?? 0), 4);
        });
      }),
      runs,
    );
  });

  it.each(['sgd', 'adam', 'adamw', 'adagrad', 'rmsprop', 'lion', 'lamb'])(
    'of %s leave excluded parameters alone, bit for bit',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(weights(4), fc.stringMatching(/^[a-z]{1,8}$/), async (values, layer) => {
          const spec = optimizerSpec.parse({ name, weight_decay: 0.5, l1: 0.5 });
          const optimizer = optimizerOf(spec, constantSchedule(0.1), {
            isDecayed: matricesBut([`${layer}.*`]),
          });
          const excluded = input(`parameter.${layer}.weight`, 'float', [2, 2]);
          const other = input('parameter.other_1.weight', 'float', [2, 2]);
          const bias = input('parameter.other_1.bias', 'float', [4]);
          const parameters = [excluded, other, bias];
          const zeros = parameters.map(() => constant(floats([4], [0, 0, 0, 0])));
          const gradients = zeros.map((zero, at) => (at < 2 ? constant(floats([2, 2], [0, 0, 0, 0])) : zero));
          const { updates } = optimizer.update({ values: gradients }, optimizer.init(parameters), parameters);
          const wanted = descend(parameters, updates).map(
            (value, index) => [`next_${index}`, value] as const,
          );
          const given = new Map(
            parameters.map((parameter, at) => [parameter, floats(at < 2 ? [2, 2] : [4], values)]),
          );

          const results = await runGraph(given, Object.fromEntries(wanted));

          expect(numbersOf(results.next_0)).toEqual(values);
          expect(numbersOf(results.next_1)).not.toEqual(values);
          expect(numbersOf(results.next_2)).toEqual(values);
        }),
        { numRuns: 5 },
      );
    },
  );
});

describe('a factor of the gradients', () => {
  it.each<[string, GradientTransformation]>([
    ['clipping by norm', clipByGlobalNorm(1)],
    ['clipping by value', clipByValue(1)],
    ['an L1 penalty', addL1Penalty(0.1, everyParameter)],
    ['weight decay', addWeightDecay(0.1, everyParameter)],
    ['momentum', scaleByMomentum({ momentum: 0.9, nesterov: true })],
    ['Adam', scaleByAdam({ beta1: 0.9, beta2: 0.99, epsilon: 1e-3 })],
    ['Adagrad', scaleByAdagrad({ epsilon: 1e-3 })],
    ['RMSProp', scaleByRmsprop({ decay: 0.9, momentum: 0.5, epsilon: 1e-3, centered: true })],
    ['Lion', scaleByLion({ beta1: 0.9, beta2: 0.99 })],
    ['a trust ratio', scaleByTrustRatio()],
  ])('may stand apart from them: %s', async (_, transformation) => {
    await fc.assert(
      fc.asyncProperty(
        weights(3),
        weights(3),
        fc.constantFrom(0.25, 0.5, 2, 8),
        async (gradient, parameter, factor) => {
          const parameters = [parameter];
          const apart = await transformed(transformation, { parameters, gradients: [gradient], factor });

          const within = await transformed(transformation, {
            parameters,
            gradients: [gradient.map((value) => value * factor)],
          });

          apart.flat().forEach((value, at) => {
            const expected = within.flat()[at] ?? Number.NaN;
            expect(Math.abs(value - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
          });
        },
      ),
      runs,
    );
  });
});
