import { differentiate } from '../../../jobs/autodiff/differentiate';
import { InvalidGraphError, MissingGradientError } from '../../../shared/errors/graph-errors';
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
import { add, multiply, reduceSum } from '../../../shared/onnx/expressions';
import type { Graph, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { printType } from '../../../shared/onnx/shapes';
import { everyValue } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { runGraph } from '../../support/run-onnx';

const x = input('x', 'float', [3]);
const total = (value: Value): Value => operation('ReduceSum', [value], { keepdims: attribute.int(0) });

const graphOf = (values: readonly Value[]): Graph => ({
  name: 'gradients',
  inputs: [x],
  outputs: values.map((value, index) => ({ name: `g${index}`, value })),
});

const run = async (values: readonly Value[]) => {
  const results = await runGraph(graphOf(values), { x: floats([3], [1, 2, 3]) });
  return values.map((_, index) => Array.from(results[`g${index}`]?.data ?? [], Number));
};

describe('differentiate', () => {
  it('adds up the gradients of all readers of a value', async () => {
    const loss = total(add(multiply(x, x), add(x, x)));

    const gradients = differentiate(loss, [x]);

    expect(await run(gradients)).toEqual([[4, 6, 8]]);
  });

  it('gives zeros, in their shape, for what the loss does not depend on', async () => {
    const stranger = input('stranger', 'float', ['rows', 2]);
    const known = constant(floats([2, 2], [1, 2, 3, 4]));

    const [unknownSize, knownSize] = differentiate(total(x), [stranger, known]);

    expect(printType((unknownSize ?? x).type)).toBe('float[rows, 2]');
    expect(await run([knownSize ?? x])).toEqual([[0, 0, 0, 0]]);
  });

  it('differentiates with respect to values inside the graph, and those that they rest on', async () => {
    const inner = multiply(x, constant(scalar(3)));
    const loss = total(multiply(inner, inner));

    const gradients = differentiate(loss, [inner, x]);

    expect(await run(gradients)).toEqual([
      [6, 12, 18],
      [18, 36, 54],
    ]);
  });

  it('stops at steps: whole numbers and comparisons have no slope', async () => {
    const rounded = operation('Round', [x]);
    const picked = operation('Gather', [x, operation('ArgMax', [x])]);

    const gradients = differentiate(add(total(multiply(rounded, x)), total(picked)), [x]);

    expect(await run(gradients)).toEqual([[1, 2, 4]]);
  });

  it('differentiates gradients again', async () => {
    const loss = total(multiply(x, multiply(x, x)));
    const [first = x] = differentiate(loss, [x]);

    const second = differentiate(total(first), [x]);

    expect(await run(second)).toEqual([[6, 12, 18]]);
  });

  it('gives the same graph each time', () => {
    const make = () => {
      const loss = total(operation('Softmax', [multiply(x, operation('Tanh', [x]))]));
      return writeModel(model({ graph: graphOf(differentiate(loss, [x])) }));
    };

    expect(Buffer.compare(make(), make())).toBe(0);
  });

  it('builds nothing for what it is not asked for', () => {
    const weights = input('w', 'float', [3, 2]);
    const loss = total(operation('MatMul', [input('data', 'float', ['batch', 3]), weights]));

    const gradients = differentiate(loss, [weights]);

    const operations = everyValue(gradients).flatMap((value) =>
      value.kind === 'operation' ? [value.op] : [],
    );
    expect(operations.filter((op) => op === 'Gemm')).toHaveLength(1);
  });

  it('goes as deep as the graph', () => {
    let value: Value = x;
    for (let index = 0; index < 20_000; index++) value = operation('Tanh', [value]);

    const [gradient = x] = differentiate(total(value), [x]);

    expect(everyValue([gradient]).length).toBeGreaterThan(20_000);
  });

  it('learns inside a loop: the whole of training is one graph', async () => {
    const slope = input('slope', 'float', [3]);
    const target = constant(floats([3], [2, -1, 0.5]));
    const error = operation('Sub', [multiply(slope, x), target]);
    const [gradient = slope] = differentiate(total(multiply(error, error)), [slope]);
    const step = operation('Sub', [slope, multiply(gradient, constant(scalar(0.05)))]);
    const go = input('go', 'bool', []);
    const body = {
      name: 'step',
      inputs: [input('turn', 'int64', []), go, slope],
      outputs: [
        { name: 'on', value: go },
        { name: 'next', value: step },
        { name: 'loss', value: total(multiply(error, error)) },
      ],
    };
    const start = constant(floats([3], [0, 0, 0]));
    const turns = constant(scalar(200, 'int64'));
    const loop = operation('Loop', [turns, constant(scalar(true, 'bool')), start], {
      body: attribute.graph(body),
    });

    const [learned = [], losses = []] = await run([loop, output(loop, 1)]);

    expect(learned).toEqual([2, -0.5, 1 / 6].map((expected) => expect.closeTo(expected, 4)));
    expect(losses).toHaveLength(200);
    expect(losses.at(-1)).toBeLessThan(1e-6);
  });

  it('has no rule for a loop, and says so by name', () => {
    const state = input('state', 'float', [3]);
    const body = {
      name: 'body',
      inputs: [input('turn', 'int64', []), input('go', 'bool', []), state],
      outputs: [
        { name: 'on', value: constant(scalar(true, 'bool')) },
        { name: 'next', value: add(state, x) },
      ],
    };
    const start = constant(floats([3], [0, 0, 0]));
    const loop = operation('Loop', [constant(int64s([2])), undefined, start], {
      body: attribute.graph(body),
    });

    expect(() => differentiate(total(loop), [x])).toThrow(MissingGradientError);
    expect(() => differentiate(total(loop), [x])).toThrow(/operator 'Loop'/);
  });

  it('has no rule for operators that it does not know, and says so by name', () => {
    const strange = operation('Frobnicate', [x], {}, { domain: 'example', types: [x.type] });

    expect(() => differentiate(total(strange), [x])).toThrow(
      /'example.Frobnicate' \(at Frobnicate\(float\[3\]\)/,
    );
  });

  it.each([
    ['has several numbers', x],
    ['is no float', operation('ArgMax', [x])],
  ])('refuses a loss that %s', (_, loss) => {
    expect(() => differentiate(loss, [x])).toThrow(InvalidGraphError);
  });

  it('takes a loss of shape [1], and outputs of which only some are read', async () => {
    const sizes = constant(int64s([1, 2]));
    const split = operation('Split', [multiply(x, x), sizes], {}, { outputs: 2 });

    const gradients = differentiate(reduceSum(output(split, 1), [0]), [x]);

    expect(await run(gradients)).toEqual([[0, 4, 6]]);
  });
});
