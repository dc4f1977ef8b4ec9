import { attribute, constant, floats, input, operation, output, scalar } from '../../shared/onnx/build';
import type { Graph, InputValue, Value } from '../../shared/onnx/ir';
import { randomNumbers } from './check-gradient';

interface Growth {
  readonly random: () => number;
  /** How many loops and branches may still stand in each other. */
  readonly depth: number;
}

const binary = ['Add', 'Sub', 'Mul', 'Max'];
const unary = ['Neg', 'Tanh', 'Abs', 'Identity', 'Sigmoid'];

const pick = <T>(random: () => number, list: readonly T[]): T => {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
};

function loop(values: readonly Value[], { random, depth }: Growth): Value {
  const initial = pick(random, values);
  const turn = input('turn', 'int64', []);
  const go = input('go', 'bool', []);
  const state: InputValue = { kind: 'input', name: pick(random, ['state', 'x0', 'w']), type: initial.type };
  const inside = grow([...values, state], 4, { random, depth: depth - 1 });
  const outputs = [
    { name: 'on', value: pick(random, [go, constant(scalar(true, 'bool'))]) },
    { name: 'next', value: pick(random, inside) },
    { name: 'kept', value: pick(random, inside) },
  ];
  const body = attribute.graph({ name: 'loop', inputs: [turn, go, state], outputs });
  const node = operation(
    'Loop',
    [constant(scalar(2, 'int64')), undefined, initial],
    { body },
    { outputs: 2 },
  );
  const kept = operation('ReduceMean', [output(node, 1)], { keepdims: attribute.int(0) });
  return pick(random, [node, operation('Add', [node, kept])]);
}

function branch(values: readonly Value[], { random, depth }: Growth): Value {
  const condition = operation('Greater', [
    operation('ReduceSum', [pick(random, values)], { keepdims: attribute.int(0) }),
    constant(scalar(0)),
  ]);
  const graph = (name: string) =>
    attribute.graph({
      name,
      inputs: [],
      outputs: [{ name: 'out', value: pick(random, grow(values, 3, { random, depth: depth - 1 })) }],
    });
  return operation('If', [condition], { then_branch: graph('yes'), else_branch: graph('no') });
}

function leaf({ random }: Growth): Value {
  const numbers = Array.from({ length: 4 }, () => Math.round(20 * random() - 10) / 4);
  return random() < 0.5 ? constant(floats([2, 2], numbers)) : constant(floats([2, 2], numbers), 'w');
}

function node(values: readonly Value[], growth: Growth): Value {
  const { random, depth } = growth;
  const kind = random();
  if (kind < 0.15) return leaf(growth);
  if (kind < 0.3 && depth > 0) return loop(values, growth);
  if (kind < 0.4 && depth > 0) return branch(values, growth);
  if (kind < 0.5) {
    const split = operation(
      'Split',
      [pick(random, values), constant({ elementType: 'int64', dims: [2], data: BigInt64Array.of(1n, 1n) })],
      {},
      { outputs: 2 },
    );
    return operation('Concat', [output(split, 1), output(split, Math.floor(2 * random()))], {
      axis: attribute.int(0),
    });
  }
  if (kind < 0.8) return operation(pick(random, binary), [pick(random, values), pick(random, values)]);
  return operation(pick(random, unary), [pick(random, values)]);
}

function grow(values: readonly Value[], count: number, growth: Growth): readonly Value[] {
  const grown = [...values];
  for (let index = 0; index < count; index++) grown.push(node(grown, growth));
  return grown;
}

/** A graph over float[2, 2] with loops and branches in each other, that a seed decides. */
export function randomGraph(seed: number, size: number): Graph {
  const random = randomNumbers(seed);
  const inputs = [input('x0', 'float', [2, 2]), input('x1', 'float', [2, 2])];
  const values = grow(inputs, size, { random, depth: 2 });
  const outputs = ['a', 'b', 'c'].map((name) => ({ name, value: pick(random, values.slice(-6)) }));
  return { name: 'random', inputs, outputs };
}
