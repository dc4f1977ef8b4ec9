import { InvalidGraphError } from '../../../shared/errors/graph-errors';
import { attribute, constant, input, operation, scalar } from '../../../shared/onnx/build';
import type { Graph, OperationValue, Value } from '../../../shared/onnx/ir';
import { verifyGraph } from '../../../shared/onnx/verify';

const x = input('x', 'float', [2, 3]);
const graph = (value: Value): Graph => ({ name: 'g', inputs: [x], outputs: [{ name: 'y', value }] });

/** A node as a careless pass would make it: without `operation`. */
const careless = (op: string, inputs: readonly Value[], type: Value['type'] = x.type): OperationValue => ({
  kind: 'operation',
  op,
  domain: '',
  inputs,
  attributes: {},
  types: [type],
  type,
});

function cyclic(): Value {
  const inputs: Value[] = [x];
  const node = careless('Add', inputs);
  inputs.push(careless('Neg', [node]));
  return node;
}

describe('verifyGraph', () => {
  it('is content with a graph whose types are less exact than they could be', () => {
    const loose = careless('Neg', [x], { kind: 'tensor', elementType: 'float', shape: ['rows', undefined] });

    expect(() => verifyGraph(graph(loose))).not.toThrow();
  });

  it('lets unknown operators pass', () => {
    expect(() => verifyGraph(graph(operation('Frobnicate', [x], {}, { domain: 'example' })))).not.toThrow();
  });

  const body = {
    name: 'body',
    inputs: [],
    outputs: [{ name: 'out', value: operation('Neg', [input('stranger', 'float', [2, 3])]) }],
  };

  it.each([
    ['a cycle', () => cyclic(), /cycle through (Add|Neg)/],
    ['too few inputs', () => careless('Add', [x]), /^Add\(float\[2, 3\]\): takes 2 inputs, got 1/],
    [
      'a shape that its inputs do not make',
      () => careless('Neg', [x], { ...x.type, kind: 'tensor', elementType: 'float', shape: [3, 2] }),
      /Neg is said to be float\[3, 2\]/,
    ],
    [
      'an element type that its inputs do not make',
      () => careless('Neg', [x], { kind: 'tensor', elementType: 'double', shape: [2, 3] }),
      /double/,
    ],
    [
      'a stranger in a body',
      () =>
        operation('If', [constant(scalar(true, 'bool'))], {
          then_branch: attribute.graph(body),
          else_branch: attribute.graph({ ...body }),
        }),
      /'stranger'/,
    ],
  ])('fails on %s', (_, make, message) => {
    expect(() => verifyGraph(graph(make()))).toThrow(InvalidGraphError);
    expect(() => verifyGraph(graph(make()))).toThrow(message);
  });

  it('fails on names given twice', () => {
    const outputs = [
      { name: 'y', value: x },
      { name: 'y', value: operation('Neg', [x]) },
    ];

    expect(() => verifyGraph({ name: 'g', inputs: [x], outputs })).toThrow(/'y' is given twice/);
  });
});
