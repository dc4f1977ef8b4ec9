import { matricesBut } from '../../../jobs/training/optimizers/decayed';
import { descend } from '../../../jobs/training/optimizers/gradient-transformation';
import { type OptimizerOptions, optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { constantSchedule } from '../../../jobs/training/schedules';
import {
  type ClippingSpec,
  type OptimizerSpec,
  optimizerSpec,
} from '../../../shared/contracts/training/optimizer-spec';
import { floats, input } from '../../../shared/onnx/build';
import type { InputValue, Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const gradients = [
  [0.5, -2, 1e-3],
  [-0.25, 4, 2e-3],
  [1, 1, -5e-3],
  [0, -3, 0],
];
const start = [1, -0.5, 2];
const learningRate = 0.1;

type Formula = (step: number, at: { g: number; p: number; memory: number[] }) => number;

/** The published formula, one number at a time, in double precision. */
function expected(formula: Formula): number[] {
  return start.map((first, place) => {
    const memory: number[] = [];
    return gradients.reduce(
      (p, row, index) => p - formula(index + 1, { g: row[place] ?? 0, p, memory }),
      first,
    );
  });
}

interface Taken {
  readonly spec: OptimizerSpec;
  readonly options?: OptimizerOptions;
  readonly start: Readonly<Record<string, Tensor>>;
  /** By step, in the order of the parameters. */
  readonly gradients: readonly (readonly (readonly number[])[])[];
}

/** Steps through ONNX Runtime, state handed from step to step. */
async function trained({ spec, options = {}, start: given, gradients: rows }: Taken): Promise<number[][]> {
  const optimizer = optimizerOf(spec, constantSchedule(learningRate), options);
  const like = (prefix: string) =>
    Object.entries(given).map(([name, { dims }]) => input(`${prefix}.${name}`, 'float', dims));
  const [parameters, directions] = [like('parameter'), like('gradient')];
  const initial = optimizer.init(parameters);
  const states = initial.map(({ tensor: { elementType, dims } }, index) =>
    input(`state_${index}`, elementType, dims),
  );
  const { updates, state } = optimizer.update({ values: directions }, states, parameters);
  const next = [...descend(parameters, updates), ...state];
  let at: Tensor[] = [...Object.values(given), ...initial.map(({ tensor }) => tensor)];
  for (const row of rows) {
    const feeds = new Map<InputValue, Tensor>();
    for (const [index, value] of directions.entries())
      feeds.set(value, floats(at[index]?.dims ?? [], row[index] ?? []));
    for (const [index, value] of [...parameters, ...states].entries())
      if (at[index]) feeds.set(value, at[index]);
    const wanted = Object.fromEntries(next.map((value, index) => [`next_${index}`, value]));
    const results = await runGraph(feeds, wanted);
    at = Object.keys(wanted).flatMap((name) => results[name] ?? []);
  }
  return parameters.map((_, index) => Array.from(at[index]?.data ?? [], Number));
}

const trainedVector = async (spec: object, clipping?: ClippingSpec): Promise<number[]> => {
  const [values = []] = await trained({
    spec: optimizerSpec.parse(spec),
    start: { p: floats([3], start) },
    gradients: gradients.map((row) => [row]),
    ...(clipping ? { options: { clipping } } : {}),
  });
  return values;
};

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got).toHaveLength(wanted.length);
  got.forEach((value, index) => {
    expect(Math.abs(value - (wanted[index] ?? Number.NaN))).toBeLessThan(2e-6);
  });
}

const momentum =
  (mu: number, nesterov: boolean, decay = 0): Formula =>
  (_, { g, p, memory }) => {
    const regularised = g + decay * p;
    memory[0] = mu * (memory[0] ?? 0) + regularised;
    return learningRate * (nesterov ? regularised + mu * memory[0] : memory[0]);
  };

const adam =
  (decay: { coupled?: number; decoupled?: number } = {}): Formula =>
  (step, { g, p, memory }) => {
    const regularised = g + (decay.coupled ?? 0) * p;
    memory[0] = 0.9 * (memory[0] ?? 0) + 0.1 * regularised;
    memory[1] = 0.999 * (memory[1] ?? 0) + 0.001 * regularised ** 2;
    const first = memory[0] / (1 - 0.9 ** step);
    const second = memory[1] / (1 - 0.999 ** step);
    return learningRate * (first / (Math.sqrt(second) + 1e-8) + (decay.decoupled ?? 0) * p);
  };

const adagrad: Formula = (_, { g, memory }) => {
  memory[0] = (memory[0] ?? 0) + g ** 2;
  return (learningRate * g) / (Math.sqrt(memory[0]) + 1e-10);
};

describe('optimizers', () => {
  it.each<[string, object, Formula]>([
    ['sgd', { name: 'sgd' }, (_, { g }) => learningRate * g],
    [
      'sgd with an L2 penalty',
      { name: 'sgd', weight_decay: 0.1 },
      (_, { g, p }) => learningRate * (g + 0.1 * p),
    ],
    ['momentum', { name: 'sgd', momentum: 0.9 }, momentum(0.9, false)],
    [
      'momentum with an L2 penalty',
      { name: 'sgd', momentum: 0.9, weight_decay: 0.1 },
      momentum(0.9, false, 0.1),
    ],
    ["Nesterov's momentum", { name: 'sgd', momentum: 0.9, nesterov: true }, momentum(0.9, true)],
    ['Adam', { name: 'adam' }, adam()],
    ['Adam with an L2 penalty', { name: 'adam', weight_decay: 0.1 }, adam({ coupled: 0.1 })],
    ['AdamW', { name: 'adamw', weight_decay: 0.1 }, adam({ decoupled: 0.1 })],
    ['AdamW without decay', { name: 'adamw' }, adam()],
    ['Adagrad', { name: 'adagrad' }, adagrad],
  ])('%s follows its published formula', async (_, spec, formula) => {
    const reference = expected(formula);

    const got = await trainedVector(spec);

    expectClose(got, reference);
  });

  // torch.optim of PyTorch 2.15 in float64 on the same steps: RMSprop, SGD, Adam, AdamW, Adagrad, with
  // clip_grad_norm_ and clip_grad_value_; optax 0.2.8 in float64: lion, lamb
  it.each<[string, object, ClippingSpec | undefined, number[]]>([
    ['RMSprop', { name: 'rmsprop' }, undefined, [-0.425726216, -0.062945355, 1.018584052]],
    [
      'RMSprop with momentum and an L2 penalty',
      { name: 'rmsprop', decay: 0.9, momentum: 0.9, weight_decay: 0.1 },
      undefined,
      [-0.356988734, -0.131251486, 0.012652387],
    ],
    [
      'RMSprop, centered',
      { name: 'rmsprop', decay: 0.9, centered: true },
      undefined,
      [0.516272619, -0.344134443, 1.64718951],
    ],
    [
      'RMSprop, centered, with momentum',
      { name: 'rmsprop', decay: 0.9, centered: true, momentum: 0.5, epsilon: 1e-3 },
      undefined,
      [0.190469365, -0.307682488, 1.919940132],
    ],
    [
      'SGD with Nesterov momentum and an L2 penalty',
      { name: 'sgd', momentum: 0.9, nesterov: true, weight_decay: 0.1 },
      undefined,
      [0.503287655, -0.694270056, 1.764190123],
    ],
    ['Adam', { name: 'adam' }, undefined, [0.753646643, -0.474798992, 1.854196408]],
    [
      'Adam with an L2 penalty',
      { name: 'adam', weight_decay: 0.1 },
      undefined,
      [0.718248042, -0.470361081, 1.601783245],
    ],
    ['AdamW', { name: 'adamw', weight_decay: 0.1 }, undefined, [0.718400875, -0.4569229, 1.780000424]],
    [
      'Adagrad with an L2 penalty',
      { name: 'adagrad', weight_decay: 0.1 },
      undefined,
      [0.832166969, -0.454053483, 1.729582271],
    ],
    [
      'SGD clipped by norm',
      { name: 'sgd', momentum: 0.9 },
      { global_norm: 1.5 },
      [0.710244837, -0.445260564, 2.000496922],
    ],
    ['SGD clipped by value', { name: 'sgd', momentum: 0.9 }, { value: 1.5 }, [0.7058, -0.43065, 2.0000641]],
    [
      'Adam clipped by value, then by norm',
      { name: 'adam' },
      { value: 1.5, global_norm: 1.2 },
      [0.755221629, -0.433388301, 1.859801054],
    ],
    ['Lion', { name: 'lion' }, undefined, [0.8, -0.5, 2]],
    [
      'Lion with decay',
      { name: 'lion', beta1: 0.8, beta2: 0.95, weight_decay: 0.1 },
      undefined,
      [0.76257611, -0.480278105, 1.92515212],
    ],
    ['LAMB', { name: 'lamb' }, undefined, [0.484404067, -0.524755439, 1.818569599]],
    [
      'LAMB with decay',
      { name: 'lamb', weight_decay: 0.1 },
      undefined,
      [0.457062144, -0.489312314, 1.709487094],
    ],
  ])('%s takes the steps of the reference', async (_, spec, clipping, reference) => {
    const got = await trainedVector(spec, clipping);

    expectClose(got, reference);
  });

  // optax 0.2.8 in float64, decay masked from the bias
  it.each<[string, object, ClippingSpec, number[], number[]]>([
    [
      'LAMB',
      { name: 'lamb', weight_decay: 0.1 },
      {},
      [0.955769637, -1.762194519, -0.115164267, 2.427102358],
      [-0.127636959, 0.102514804],
    ],
    [
      'Lion',
      { name: 'lion', weight_decay: 0.1 },
      {},
      [0.871289, -2.041588, 0.1881395, 2.711897],
      [-0.3, -0.1],
    ],
  ])(
    '%s scales and decays each parameter for itself, and no bias',
    async (_, spec, clipping, weight, bias) => {
      const got = await trained({
        spec: optimizerSpec.parse(spec),
        start: { w: floats([2, 2], [1, -2, 0.5, 3]), b: floats([2], [0, 0]) },
        gradients: [
          [
            [0.1, -0.2, 0.3, 0],
            [1, -1],
          ],
          [
            [-0.4, 0.2, 1, 2],
            [0.5, 0.25],
          ],
          [
            [0.1, 0.1, -0.1, 0.2],
            [0, 1],
          ],
        ],
        options: { isDecayed: matricesBut([]), clipping },
      });

      expectClose(got[0] ?? [], weight);
      expectClose(got[1] ?? [], bias);
    },
  );

  it('adds the sign of each weight, times its factor, for an L1 penalty', async () => {
    const got = await trained({
      spec: optimizerSpec.parse({ name: 'sgd', l1: 0.5 }),
      start: { w: floats([3, 1], [2, -2, 0]), b: floats([1], [3]) },
      gradients: [[[0.1, 0.1, 0.1], [0.1]]],
      options: { isDecayed: matricesBut([]) },
    });

    expectClose(got[0] ?? [], [2 - 0.06, -2 + 0.04, -0.01]);
    expectClose(got[1] ?? [], [3 - 0.01]);
  });

  it('decays what its parameter says, and else what has more than one axis', async () => {
    const got = await trained({
      spec: optimizerSpec.parse({ name: 'adamw', weight_decay: 0.5 }),
      start: { bias: floats([1, 2], [1, 1]), vector: floats([2], [1, 1]), other: floats([1, 2], [1, 1]) },
      gradients: [
        [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      ],
      options: {
        isDecayed: matricesBut(
          [],
          [{ name: 'bias', decays: false }, { name: 'vector', decays: true }, { name: 'other' }],
        ),
      },
    });

    for (const [index, values] of got.entries()) expectClose(values, index === 0 ? [1, 1] : [0.95, 0.95]);
  });

  it.each<[string, readonly string[], readonly boolean[]]>([
    ['nothing named', [], [true, true, false]],
    ['one name', ['block_1.weight'], [false, true, false]],
    ['a pattern', ['block_*'], [false, false, false]],
    ['a pattern in which a dot is a dot', ['block.1*'], [true, true, false]],
    ['a part of a name', ['weight'], [true, true, false]],
  ])('decays what is not excluded: %s', async (_, excluded, decays) => {
    const one = (...dims: number[]) => floats(dims, new Float32Array(dims.reduce((a, b) => a * b)).fill(1));
    const got = await trained({
      spec: optimizerSpec.parse({ name: 'adamw', weight_decay: 0.5 }),
      start: { 'block_1.weight': one(2, 1), 'block_2.weight': one(1, 2), 'block_2.bias': one(2) },
      gradients: [
        [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      ],
      options: { isDecayed: matricesBut(excluded) },
    });

    for (const [index, values] of got.entries()) expectClose(values, decays[index] ? [0.95, 0.95] : [1, 1]);
  });
});
