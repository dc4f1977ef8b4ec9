import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { squaredError } from '../../../jobs/training/losses/squared-error';
import { floats, input, tensor } from '../../../shared/onnx/build';
import { runGraph } from '../../support/run-graph';

describe('losses', () => {
  it('is the negative log of what softmax gives the class, stable for large logits', async () => {
    const logits = input('logits', 'float', [3, 3]);
    const targets = input('targets', 'int64', [3]);
    const values = [1, 2, 3, 0, 0, 0, 1000, 0, -1000];
    const given = new Map([
      [logits, floats([3, 3], values)],
      [targets, tensor('int64', [3], [2, 0, 1])],
    ]);

    const { loss } = await runGraph(given, { loss: softmaxCrossEntropy.perRow(logits, targets) });

    const [first = 0, second = 0, third = 0] = Array.from(loss?.data ?? [], Number);
    expect(first).toBeCloseTo(Math.log(Math.exp(-2) + Math.exp(-1) + 1), 6);
    expect(second).toBeCloseTo(Math.log(3), 6);
    expect(third).toBeCloseTo(1000, 3);
  });

  it('is the square of the difference for numbers', async () => {
    const outputs = input('outputs', 'float', [2, 1]);
    const targets = input('targets', 'float', [2]);
    const given = new Map([
      [outputs, floats([2, 1], [1, -2])],
      [targets, floats([2], [3, -2])],
    ]);

    const { loss } = await runGraph(given, { loss: squaredError.perRow(outputs, targets) });

    expect(loss?.data).toEqual(Float32Array.of(4, 0));
  });
});
