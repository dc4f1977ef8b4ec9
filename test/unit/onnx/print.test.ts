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
import { printGraph } from '../../../shared/onnx/print';

describe('printGraph', () => {
  it('lists constants, nodes with types and attributes, bodies and outputs', () => {
    const x = input('x', 'float', ['batch', 3]);
    const state = input('state', 'float', ['batch', 2]);
    const body = {
      name: 'step',
      inputs: [input('turn', 'int64', []), input('go', 'bool', []), state],
      outputs: [
        { name: 'on', value: constant(scalar(true, 'bool')) },
        { name: 'next', value: operation('Tanh', [state]) },
      ],
    };
    const split = operation(
      'Split',
      [x, constant(int64s([1, 2]))],
      { axis: attribute.int(1) },
      { outputs: 2 },
    );
    const loop = operation('Loop', [constant(scalar(4, 'int64')), undefined, output(split, 1)], {
      body: attribute.graph(body),
    });
    const y = operation('MatMul', [loop, constant(floats([2, 5], new Float32Array(10)), 'w')]);

    const listing = printGraph({ name: 'main', inputs: [x], outputs: [{ name: 'y', value: y }] });

    expect(listing.split('\n')).toEqual([
      'main(x: float[batch, 3]) {',
      '  constant_0 = int64[] {4}',
      '  constant_1 = int64[2] {1, 2}',
      '  w = float[2, 5] {0, 0, 0, 0, 0, 0, 0, 0, …}',
      '  Split_0: float[batch, 1], Split_1: float[batch, 2] = Split(x, constant_1) {axis=1}',
      '  Loop_0: float[batch, 2] = Loop(constant_0, _, Split_1) {body=step}',
      '  step(turn: int64[], go: bool[], state: float[batch, 2]) {',
      '    constant_2 = bool[] {1}',
      '    on: bool[] = Identity(constant_2)',
      '    next: float[batch, 2] = Tanh(state)',
      '    return on, next',
      '  }',
      '  y: float[batch, 5] = MatMul(Loop_0, w)',
      '  return y',
      '}',
    ]);
  });
});
