import { InvalidGraphError } from '../../../shared/errors/graph-errors';
import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  output,
  scalar,
} from '../../../shared/onnx/build';
import type { Graph, InputValue, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { printGraph } from '../../../shared/onnx/print';
import { writeModel } from '../../../shared/onnx/write-model';
import { runGraph } from '../../support/run-onnx';

const x = input('x', 'float', [2]);
const one = (value: Value, inputs: readonly InputValue[] = [x]): Graph => ({
  name: 'g',
  inputs,
  outputs: [{ name: 'y', value }],
});

/** A loop of `turns` whose body computes the next state. */
function loop(turns: number, initial: Value, step: (state: InputValue, turn: InputValue) => Value) {
  const turn = input('turn', 'int64', []);
  const go = input('go', 'bool', []);
  const state: InputValue = { kind: 'input', name: 'state', type: initial.type };
  const outputs = [
    { name: 'on', value: go },
    { name: 'next', value: step(state, turn) },
  ];
  const body = attribute.graph({ name: 'body', inputs: [turn, go, state], outputs });
  return operation('Loop', [constant(scalar(turns, 'int64')), constant(scalar(true, 'bool')), initial], {
    body,
  });
}

describe('writeModel', () => {
  it('gives the same bytes for the same graph', () => {
    const make = () =>
      writeModel(model({ graph: one(operation('Add', [x, constant(floats([2], [1, 2]), 'w')])) }));

    expect(Buffer.compare(make(), make())).toBe(0);
  });

  it('lets a loop read values of the graph around it', async () => {
    const shift = operation('Exp', [x]);
    const graph = one(loop(3, x, (state) => operation('Add', [state, shift])));

    const { y } = await runGraph(graph, { x: floats([2], [0, 1]) });

    expect(Array.from(y?.data ?? [], Number)).toEqual([3, expect.closeTo(1 + 3 * Math.E, 5)]);
  });

  it('lets loops stand in loops and branches in both', async () => {
    const graph = one(
      loop(2, x, (outer, turn) => {
        const even = operation('Equal', [turn, constant(scalar(0, 'int64'))]);
        const branch = (name: string, value: Value) =>
          attribute.graph({ name, inputs: [], outputs: [{ name: 'out', value }] });
        const inner = loop(2, outer, (state) => operation('Add', [state, outer]));
        return operation('If', [even], { then_branch: branch('yes', inner), else_branch: branch('no', x) });
      }),
    );

    const { y } = await runGraph(graph, { x: floats([2], [1, 2]) });

    expect(y).toEqual(floats([2], Float32Array.of(1, 2)));
  });

  it('computes once, before the loop, what is the same on each turn', () => {
    const graph = one(loop(5, x, (state) => operation('Add', [state, operation('Exp', [x])])));

    const listing = printGraph(graph).split('\n');

    expect(listing.findIndex((line) => line.includes('Exp('))).toBeLessThan(
      listing.findIndex((line) => line.includes('Loop(')),
    );
  });

  it('draws random numbers on each turn', () => {
    const draw = () => operation('RandomNormal', [], { shape: attribute.ints([2]) });
    const graph = one(loop(5, x, (state) => operation('Add', [state, draw()])));

    const listing = printGraph(graph).split('\n');

    expect(listing.findIndex((line) => line.includes('RandomNormal('))).toBeGreaterThan(
      listing.findIndex((line) => line.includes('Loop(')),
    );
  });

  it('leaves work that a branch may skip inside the branch', () => {
    const condition = input('c', 'bool', []);
    const branch = (value: Value) =>
      attribute.graph({ name: 'branch', inputs: [], outputs: [{ name: 'out', value }] });
    const skipped = operation('Neg', [operation('Exp', [x])]);
    const node = operation('If', [condition], { then_branch: branch(skipped), else_branch: branch(x) });

    const listing = printGraph(one(node, [x, condition])).split('\n');

    expect(listing.findIndex((line) => line.includes('Exp('))).toBeGreaterThan(
      listing.findIndex((line) => line.includes('If(')),
    );
  });

  it('writes one body twice where two nodes hold it', async () => {
    const first = loop(2, x, (state) => operation('Add', [state, state]));
    const second = operation('Loop', [first.inputs[0], first.inputs[1], first], first.attributes);

    const { y } = await runGraph(one(second), { x: floats([2], [1, 3]) });

    expect(y).toEqual(floats([2], Float32Array.of(16, 48)));
  });

  it('gives out inputs, constants, and one value under several names', async () => {
    const doubled = operation('Add', [x, x]);
    const outputs = [
      { name: 'x', value: x },
      { name: 'copy', value: x },
      { name: 'w', value: constant(floats([1], [7]), 'w') },
      { name: 'literal', value: constant(floats([1], [8])) },
      { name: 'a', value: doubled },
      { name: 'b', value: doubled },
    ];

    const results = await runGraph({ name: 'g', inputs: [x], outputs }, { x: floats([2], [1, 2]) });

    expect(
      Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)])),
    ).toEqual({
      x: [1, 2],
      copy: [1, 2],
      w: [7],
      literal: [8],
      a: [2, 4],
      b: [2, 4],
    });
  });

  it('tells constants of one name apart', async () => {
    const sum = operation('Add', [constant(floats([1], [1]), 'w'), constant(floats([1], [2]), 'w')]);

    const { y } = await runGraph(one(sum, []), {});

    expect(Array.from(y?.data ?? [], Number)).toEqual([3]);
  });

  it('leaves out optional outputs that nobody reads, and keeps those that count', async () => {
    const image = constant(floats([1, 1, 2, 2], [1, 2, 3, 4]));
    const pooled = operation('MaxPool', [image], { kernel_shape: attribute.ints([2, 2]) }, { outputs: 2 });
    const split = operation('Split', [x], { num_outputs: attribute.int(2) }, { outputs: 2 });

    const listing = printGraph(one(operation('Add', [pooled, output(split, 1)])));
    const { y } = await runGraph(one(operation('Add', [pooled, output(split, 1)])), {
      x: floats([2], [1, 2]),
    });

    expect(listing).toContain('MaxPool_0: float[1, 1, 1, 1] = MaxPool(');
    expect(Array.from(y?.data ?? [], Number)).toEqual([6]);
  });

  it.each([
    ['a value that is an input of no graph', one(operation('Neg', [input('stranger', 'float', [2])]))],
    [
      'two inputs of one name',
      one(operation('Add', [x, input('x', 'float', [2])]), [x, input('x', 'float', [2])]),
    ],
    [
      'an output with the name of an input',
      { ...one(x), outputs: [{ name: 'x', value: operation('Neg', [x]) }] },
    ],
    ['an output without a name', { ...one(x), outputs: [{ name: '', value: x }] }],
    [
      'two outputs of one name',
      {
        ...one(x),
        outputs: [
          { name: 'y', value: x },
          { name: 'y', value: x },
        ],
      },
    ],
  ])('refuses %s', (_, graph) => {
    expect(() => writeModel(model({ graph }))).toThrow(InvalidGraphError);
  });

  it('refuses a state of a loop that is read outside of it', () => {
    const state = input('state', 'float', [2]);
    const body = {
      name: 'body',
      inputs: [input('turn', 'int64', []), input('go', 'bool', []), state],
      outputs: [
        { name: 'on', value: constant(scalar(true, 'bool')) },
        { name: 'next', value: state },
      ],
    };
    const after = operation('Loop', [constant(int64s([1])), undefined, x], { body: attribute.graph(body) });

    expect(() => writeModel(model({ graph: one(operation('Add', [after, state])) }))).toThrow(
      InvalidGraphError,
    );
  });
});
