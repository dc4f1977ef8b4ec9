import fc from 'fast-check';
import { differentiate } from '../../../jobs/autodiff/differentiate';
import { sumOf } from '../../../jobs/training/graph-math';
import { absoluteError } from '../../../jobs/training/losses/absolute-error';
import { binaryCrossEntropy } from '../../../jobs/training/losses/binary-cross-entropy';
import { crossEntropy, softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { distillation } from '../../../jobs/training/losses/distillation';
import { huber } from '../../../jobs/training/losses/huber';
import type { Loss } from '../../../jobs/training/losses/loss';
import { squaredError } from '../../../jobs/training/losses/squared-error';
import { floats, input, tensor } from '../../../shared/onnx/build';
import type { InputValue, Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const numbersOf = (value: Tensor | undefined) => Array.from(value?.data ?? [], Number);

/** Losses of the rows, and the gradient of their sum. */
async function measured(loss: Loss, outputs: Tensor, targets: Tensor) {
  const [given, truth] = [
    input('outputs', 'float', outputs.dims),
    input('targets', targets.elementType, targets.dims),
  ];
  const losses = loss.perRow(given, truth);
  const [gradient = losses] = differentiate(sumOf(losses), [given]);
  const feeds = new Map<InputValue, Tensor>([
    [given, outputs],
    [truth, targets],
  ]);
  const results = await runGraph(feeds, { losses, gradient });
  return { losses: numbersOf(results.losses), gradient: numbersOf(results.gradient) };
}

const classes = 4;
const logit = fc.double({ min: -8, max: 8, noNaN: true }).map(Math.fround);
const rowOfLogits = fc.array(logit, { minLength: classes, maxLength: classes });
const label = fc.nat({ max: classes - 1 });
const oneRow = (values: readonly number[]) => floats([1, values.length], values);
const ofClass = (index: number) => tensor('int64', [1], [index]);

const runs = { numRuns: 30 };

describe('losses of classes', () => {
  it.each<[string, Loss]>([
    ['cross entropy', softmaxCrossEntropy],
    ['cross entropy with smoothed labels', crossEntropy({ labelSmoothing: 0.2 })],
    [
      'cross entropy with smoothed labels and weights',
      crossEntropy({ labelSmoothing: 0.2, classWeights: [1, 2, 3, 0.5] }),
    ],
  ])(
    'do not change where all logits rise alike, so their gradients add up to nothing: %s',
    async (_, loss) => {
      await fc.assert(
        fc.asyncProperty(rowOfLogits, label, async (logits, index) => {
          const { losses, gradient } = await measured(loss, oneRow(logits), ofClass(index));
          const risen = await measured(loss, oneRow(logits.map((value) => value + 16)), ofClass(index));

          expect(risen.losses[0]).toBeCloseTo(losses[0] ?? Number.NaN, 3);
          expect(gradient.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
        }),
        runs,
      );
    },
  );

  it('are the same by one logit as by two of which the first is 0', async () => {
    await fc.assert(
      fc.asyncProperty(logit, fc.nat({ max: 1 }), async (value, index) => {
        const one = await measured(binaryCrossEntropy(), oneRow([value]), ofClass(index));
        const two = await measured(softmaxCrossEntropy, oneRow([0, value]), ofClass(index));

        expect(one.losses[0]).toBeCloseTo(two.losses[0] ?? Number.NaN, 4);
        expect(one.gradient[0]).toBeCloseTo(two.gradient[1] ?? Number.NaN, 5);
      }),
      runs,
    );
  });

  it('are least where a student says what its teacher says', async () => {
    const loss = distillation({ classes, temperature: 3, teacherFraction: 1 });
    await fc.assert(
      fc.asyncProperty(rowOfLogits, rowOfLogits, label, async (student, teacher, index) => {
        const targets = oneRow([index, ...teacher]);
        const same = await measured(loss, oneRow(teacher), targets);
        const other = await measured(loss, oneRow(student), targets);

        expect(same.losses[0]).toBeCloseTo(0, 4);
        for (const value of same.gradient) expect(value).toBeCloseTo(0, 4);
        expect(other.losses[0]).toBeGreaterThan(-1e-4);
      }),
      runs,
    );
  });
});

describe('losses of numbers', () => {
  const delta = 0.75;

  it('of Huber are half the square near the truth, and as steep as delta far from it', async () => {
    await fc.assert(
      fc.asyncProperty(logit, logit, async (output, truth) => {
        const { losses, gradient } = await measured(huber(delta), oneRow([output]), floats([1], [truth]));
        const squared = await measured(squaredError, oneRow([output]), floats([1], [truth]));
        const absolute = await measured(absoluteError, oneRow([output]), floats([1], [truth]));

        const near = Math.abs(output - truth) <= delta;
        const [square = 0, distance = 0] = [squared.losses[0], absolute.losses[0]];
        expect(losses[0]).toBeCloseTo(near ? square / 2 : delta * (distance - delta / 2), 3);
        expect(Math.abs(gradient[0] ?? Number.NaN)).toBeCloseTo(near ? distance : delta, 4);
      }),
      runs,
    );
  });
});
