import { attribute, constant, floats, input, operation, output, scalar } from '../../../shared/onnx/build';
import type { Graph, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { readModel } from '../../../shared/onnx/read-model';
import { verifyGraph } from '../../../shared/onnx/verify';
import { consumersOf, everyValue, rewrite, topologicalOrder } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';

/** `x` doubled `count` times by a loop whose body adds `shift`, a value of the graph around it. */
function setup() {
  const x = input('x', 'float', [2]);
  const shift = operation('Neg', [x]);
  const turn = input('turn', 'int64', []);
  const go = input('go', 'bool', []);
  const state = input('state', 'float', [2]);
  const added = operation('Add', [state, shift]);
  const body: Graph = {
    name: 'body',
    inputs: [turn, go, state],
    outputs: [
      { name: 'on', value: operation('Identity', [go]) },
      { name: 'next', value: added },
    ],
  };
  const loop = operation('Loop', [constant(scalar(3, 'int64')), undefined, x], {
    body: attribute.graph(body),
  });
  const graph: Graph = { name: 'g', inputs: [x], outputs: [{ name: 'y', value: loop }] };
  return { x, shift, state, added, body, loop, graph };
}

const chain = (length: number, x: Value): Value => {
  let value = x;
  for (let index = 0; index < length; index++) value = operation('Neg', [value]);
  return value;
};

describe('topologicalOrder', () => {
  it('gives what a body captures before the node that holds it, and nothing of the body itself', () => {
    const { x, shift, state, added, loop } = setup();

    const order = topologicalOrder([loop]);

    expect(order.indexOf(shift)).toBeLessThan(order.indexOf(loop));
    expect(order.indexOf(x)).toBeLessThan(order.indexOf(shift));
    expect(order).not.toContain(state);
    expect(order).not.toContain(added);
  });

  it('gives each value once, however many paths lead to it', () => {
    const x = input('x', 'float', []);
    let value: Value = x;
    for (let index = 0; index < 60; index++) value = operation('Add', [value, value]);

    const order = topologicalOrder([value]);

    expect(order).toHaveLength(61);
  });
});

describe('consumersOf', () => {
  it('knows nodes that read a value from inside their bodies', () => {
    const { shift, added, loop, x } = setup();

    const consumers = consumersOf([loop]);

    expect(consumers.get(shift)).toEqual([added]);
    expect(consumers.get(x)).toEqual(expect.arrayContaining([shift, loop]));
    expect(consumers.get(added)).toEqual([loop]);
  });
});

describe('rewrite', () => {
  it('keeps the graph itself where nothing changes', () => {
    const { graph } = setup();

    const same = rewrite(graph, () => undefined);

    expect(same).toBe(graph);
  });

  it('replaces inside bodies, and keeps what does not rest on the change', () => {
    const { graph, shift, body } = setup();

    const changed = rewrite(graph, (_, rebuilt) =>
      rebuilt.kind === 'operation' && rebuilt.op === 'Add' ? operation('Sub', rebuilt.inputs) : undefined,
    );

    const loop = changed.outputs[0]?.value;
    const inner =
      loop?.kind === 'operation' && loop.attributes.body?.type === 'graph'
        ? loop.attributes.body.value
        : body;
    expect(inner.outputs[0]).toBe(body.outputs[0]);
    expect(inner.outputs[1]?.value).toMatchObject({ op: 'Sub' });
    expect(everyValue([inner.outputs[1]?.value ?? shift])).toContain(shift);
  });

  it('takes projections along to a node with as many outputs', () => {
    const x = input('x', 'float', [4]);
    const split = operation('Split', [x], {}, { outputs: 2 });
    const graph = { name: 'g', inputs: [x], outputs: [{ name: 'y', value: output(split, 1) }] };

    const changed = rewrite(graph, (_, rebuilt) =>
      rebuilt.kind === 'operation'
        ? operation(rebuilt.op, [operation('Neg', [x])], {}, { outputs: 2 })
        : undefined,
    );

    expect(changed.outputs[0]?.value).toMatchObject({
      kind: 'projection',
      index: 1,
      of: { inputs: [{ op: 'Neg' }] },
    });
  });

  it('puts a new input in the place of the old one, and infers types anew', () => {
    const x = input('x', 'float', [2]);
    const graph = { name: 'g', inputs: [x], outputs: [{ name: 'y', value: operation('Neg', [x]) }] };
    const wider = input('x', 'double', ['batch', 2]);

    const changed = rewrite(graph, (value) => (value === x ? wider : undefined));

    expect(changed.inputs).toEqual([wider]);
    expect(changed.outputs[0]?.value.type).toEqual(wider.type);
  });
});

describe('a node whose attributes go with its inputs', () => {
  it('is adapted before it is built', () => {
    const kernel = constant(floats([4, 1, 1], [1, 2, 3, 4]));
    const given = input('image', 'float', [2, 4, 3]);
    const smaller = input('image', 'float', [2, 2, 3]);
    const node = operation('Conv', [given, kernel], { group: attribute.int(4) });
    const graph = { name: 'g', inputs: [given], outputs: [{ name: 'y', value: node }] };
    const half = constant(floats([2, 1, 1], [1, 2]));

    const changed = rewrite(
      graph,
      (value) =>
        new Map<Value, Value>([
          [given, smaller],
          [kernel, half],
        ]).get(value),
      ({ op }, inputs) => (op === 'Conv' ? operation(op, inputs, { group: attribute.int(2) }) : undefined),
    );

    verifyGraph(changed);
    expect(changed.outputs[0]?.value.type).toEqual({
      kind: 'tensor',
      elementType: 'float',
      shape: [2, 2, 3],
    });
  });
});

describe('graphs that are 100,000 nodes deep', () => {
  it('are walked, verified, rewritten, written and read without a deep stack', () => {
    const x = input('x', 'float', [1]);
    const graph = { name: 'deep', inputs: [x], outputs: [{ name: 'y', value: chain(100_000, x) }] };

    verifyGraph(graph);
    const changed = rewrite(graph, (value) => (value === x ? constant(floats([1], [1])) : undefined));
    const read = readModel(writeModel(model({ graph })));

    expect(topologicalOrder([read.graph.outputs[0]?.value ?? x])).toHaveLength(100_001);
    expect(everyValue(changed.outputs.map((given) => given.value))).toHaveLength(100_001);
  });
});
