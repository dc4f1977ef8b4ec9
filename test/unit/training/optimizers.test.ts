import { descend } from '../../../jobs/training/optimizers/gradient-transformation';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { constantSchedule } from '../../../jobs/training/schedules';
import { type OptimizerSpec, optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
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

/** The same steps through ONNX Runtime, state handed from step to step. */
async function trained(spec: OptimizerSpec): Promise<number[]> {
  const optimizer = optimizerOf(spec, constantSchedule(learningRate));
  const parameter = input('parameter', 'float', [3]);
  const gradient = input('gradient', 'float', [3]);
  const initial = optimizer.init([parameter]);
  const states = initial.map(({ tensor: { elementType, dims } }, index) =>
    input(`state_${index}`, elementType, dims),
  );
  const { updates, state } = optimizer.update({ values: [gradient] }, states, [parameter]);
  const [next] = descend([parameter], updates);
  if (next === undefined) throw new Error('no parameter came back');
  let at: Tensor[] = [floats([3], start), ...initial.map(({ tensor }) => tensor)];
  for (const row of gradients) {
    const given = new Map<InputValue, Tensor>([[gradient, floats([3], row)]]);
    for (const [index, value] of [parameter, ...states].entries()) if (at[index]) given.set(value, at[index]);
    const wanted = Object.fromEntries([next, ...state].map((value, index) => [`next_${index}`, value]));
    const results = await runGraph(given, wanted);
    at = Object.keys(wanted).flatMap((name) => results[name] ?? []);
  }
  return Array.from(at[0]?.data ?? [], Number);
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

    const got = await trained(optimizerSpec.parse(spec));

    got.forEach((value, index) => {
      expect(Math.abs(value - (reference[index] ?? Number.NaN))).toBeLessThan(2e-6);
    });
  });
});
