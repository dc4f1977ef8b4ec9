import {
  decodeOutputs,
  outputCount,
  type TargetEncoding,
  targetEncoder,
} from '../../../jobs/training/target-encoding';
import { UnusableDataError } from '../../../shared/errors/job-errors';
import { floats, input, tensor } from '../../../shared/onnx/build';
import { runGraph } from '../../support/run-graph';

const answers: TargetEncoding = { task: 'classification', classes: ['no', 'yes'] };
const oneLogit: TargetEncoding = { ...answers, oneLogit: true };

describe('targetEncoder', () => {
  it('gives class indices in the order of the classes', () => {
    const encode = targetEncoder(answers);

    expect(encode(['yes', 'no', 'yes'])).toEqual(tensor('int64', [3], [1, 0, 1]));
  });

  it.each<[string, TargetEncoding, string[], string]>([
    [
      'a label',
      answers,
      ['no', 'maybe'],
      "row 42 has the class 'maybe', which is none of those that are learned: 'no', 'yes'",
    ],
    [
      'an integer',
      { task: 'classification', classes: [0, 1, 2] },
      ['2', '3'],
      "row 42 has the class '3', which is none of those that are learned: '0', '1', '2'",
    ],
  ])('refuses %s out of range with its row in the data set and its value', (_, encoding, labels, message) => {
    const encode = () => targetEncoder(encoding)(labels, [7, 41]);

    expect(encode).toThrow(UnusableDataError);
    expect(encode).toThrow(message);
  });
});

describe('decodeOutputs', () => {
  it('answers with both probabilities of one logit, exact for small ones too', async () => {
    const logits = input('logits', 'float', ['batch', 1]);
    const [label, probabilities] = decodeOutputs(oneLogit, logits);
    if (label === undefined || probabilities === undefined) throw new Error('an output is missing');

    const got = await runGraph(new Map([[logits, floats([3, 1], [0.5, -2, -40])]]), { label, probabilities });

    const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
    const values = Array.from(got.probabilities?.data ?? [], Number);
    expect(outputCount(oneLogit)).toBe(1);
    expect(got.label?.data).toEqual(['yes', 'no', 'no']);
    expect(got.probabilities?.dims).toEqual([3, 2]);
    [sigmoid(-0.5), sigmoid(0.5), sigmoid(2), sigmoid(-2), 1].forEach((expected, at) => {
      expect(values[at]).toBeCloseTo(expected, 6);
    });
    expect(values[5]).toBeGreaterThan(4e-18);
  });
});
