import { type LikenessOptions, likeness } from '../../../../jobs/compression/retraining/likeness';
import { floats, input } from '../../../../shared/onnx/build';
import { runGraph } from '../../../support/run-graph';

type Row = readonly number[];

interface Setup extends Partial<LikenessOptions> {
  readonly outputs: readonly Row[];
  readonly targets: readonly Row[];
}

/** The loss of each row. */
async function setup({ outputs, targets, ...options }: Setup): Promise<number[]> {
  const loss = likeness({ answers: [], temperature: 1, labelFraction: 0, ...options });
  const tensorOf = (rows: readonly Row[]) => floats([rows.length, rows[0]?.length ?? 0], rows.flat());
  const [student, taught] = [tensorOf(outputs), tensorOf(targets)];
  const given = [
    input('student', 'float', ['batch', student.dims[1]]),
    input('taught', 'float', taught.dims),
  ];
  const [first, second] = given;
  if (first === undefined || second === undefined) throw new Error('no inputs');
  const results = await runGraph(
    new Map([
      [first, student],
      [second, taught],
    ]),
    { losses: loss.perRow(first, second) },
  );
  return Array.from(results.losses?.data ?? [], Number);
}

const classes = { kind: 'classes', dims: [3], axis: 1, variance: 1 } as const;
const chance = { kind: 'chances', dims: [1], axis: 1, variance: 1 } as const;
const number = { kind: 'numbers', dims: [], axis: 1, variance: 4 } as const;

const softmax = (scores: Row): number[] => {
  const exps = scores.map(Math.exp);
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((each) => each / sum);
};
const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));
const divergence = (taught: Row, own: Row): number =>
  taught.reduce((sum, p, at) => sum + p * Math.log(p / (own[at] ?? 0)), 0);

const [own, taught] = [
  [1, -2, 0.5],
  [0, 2, -1],
];
const halved = (scores: Row): number[] => softmax(scores.map((score) => score / 2));
const chances = (score: number): number[] => [sigmoid(score), 1 - sigmoid(score)];

describe('likeness', () => {
  it.each<[string, Setup, number]>([
    [
      'the divergence of probabilities at the temperature, times its square',
      { answers: [classes], temperature: 2, outputs: [own], targets: [[-1, ...taught]] },
      4 * divergence(halved(taught), halved(own)),
    ],
    [
      'the mean divergence over positions, classes along any axis',
      {
        answers: [{ ...classes, dims: [3, 2], axis: 1 }],
        outputs: [[1, 0, -2, 2, 0.5, -1]],
        targets: [[-1, 0, 0, 2, 2, -1, -1]],
      },
      divergence(softmax(taught), softmax(own)) / 2,
    ],
    [
      'the divergence of the chances of yes and no',
      { answers: [chance], outputs: [[0.3]], targets: [[-1, -1.2]] },
      divergence(chances(-1.2), chances(0.3)),
    ],
    [
      'the squared error of numbers over their variance',
      { answers: [number], outputs: [[3]], targets: [[Number.NaN, 1]] },
      1,
    ],
    [
      'the sum over several answers',
      { answers: [number, classes], outputs: [[3, ...own]], targets: [[-1, 1, ...taught]] },
      1 + divergence(softmax(taught), softmax(own)),
    ],
  ])('is %s', async (_, given, expected) => {
    const [loss] = await setup(given);

    expect(loss).toBeCloseTo(expected, 5);
  });

  it('mixes in the labels of the rows that have one', async () => {
    const apart = divergence(softmax(taught), softmax(own));

    const losses = await setup({
      answers: [classes],
      labelFraction: 0.25,
      labelled: 0,
      outputs: [own, own, own],
      targets: [
        [2, ...taught],
        [-1, ...taught],
        [Number.NaN, ...taught],
      ],
    });

    const mistake = -Math.log(softmax(own)[2] ?? 0);
    const expected = [0.75 * apart + 0.25 * mistake, apart, apart];
    for (const [row, loss] of losses.entries()) expect(loss).toBeCloseTo(expected[row] ?? 0, 5);
  });

  it('measures the mistakes in numbers and in chances as it measures their distance', async () => {
    const given = { labelFraction: 0.5, labelled: 0 };

    const [ofNumber] = await setup({ ...given, answers: [number], outputs: [[3]], targets: [[7, 1]] });
    const [ofChance] = await setup({ ...given, answers: [chance], outputs: [[0.3]], targets: [[1, 0.3]] });

    expect(ofNumber).toBeCloseTo(0.5 * 1 + 0.5 * 4, 5);
    expect(ofChance).toBeCloseTo(-0.5 * Math.log(sigmoid(0.3)), 5);
  });
});
