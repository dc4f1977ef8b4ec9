import { InvalidModelError } from '../../../shared/errors/graph-errors';
import { attribute, constant, floats, input, int64s, operation, output } from '../../../shared/onnx/build';
import type { Attributes, Graph, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { writeModel } from '../../../shared/onnx/write-model';
import { runModel } from '../../support/run-onnx';

const feed = floats(
  [2, 4, 3],
  Float32Array.from({ length: 24 }, (_, at) => Math.sin(at * 1.7) * 3),
);
const image = floats(
  [1, 4, 3, 3],
  Float32Array.from({ length: 36 }, (_, at) => Math.cos(at * 1.3) * 2),
);

/** A model of one old node over `x`, or over an image where the operator wants one. */
function setup(version: number, make: (x: Value) => Value, fed = feed) {
  const x = input('x', 'float', fed.dims);
  const graph: Graph = { name: 'old', inputs: [x], outputs: [{ name: 'y', value: make(x) }] };
  return { old: model({ graph, opsets: { '': version } }), feeds: { x: fed } };
}

const node =
  (op: string, attributes: Attributes = {}, ...rest: Value[]) =>
  (x: Value): Value =>
    operation(op, [x, ...rest], attributes);

const { int, ints, float, string } = attribute;
const four = constant(floats([4], [0.5, 1, 1.5, 2]));

describe('upgradeModel', () => {
  it.each([
    ['Softmax over all axes from one on', 11, node('Softmax', { axis: int(1) })],
    ['Softmax over the last axis', 11, node('Softmax', { axis: int(2) })],
    ['LogSoftmax by default', 11, node('LogSoftmax')],
    [
      'Squeeze',
      11,
      (x: Value) => node('Squeeze', { axes: ints([0]) })(node('Unsqueeze', { axes: ints([0]) })(x)),
    ],
    ['ReduceSum', 11, node('ReduceSum', { axes: ints([1]), keepdims: int(0) })],
    ['ReduceMean', 13, node('ReduceMean', { axes: ints([-1]) })],
    ['ReduceL2 of all', 13, node('ReduceL2')],
    [
      'Split by sizes',
      11,
      (x: Value) => output(operation('Split', [x], { axis: int(1), split: ints([1, 3]) }, { outputs: 2 }), 1),
    ],
    [
      'Split in halves',
      11,
      (x: Value) => output(operation('Split', [x], { axis: int(1) }, { outputs: 2 }), 1),
    ],
    [
      'Split in halves, with an input for sizes',
      13,
      (x: Value) => output(operation('Split', [x], {}, { outputs: 2 }), 1),
    ],
    ['Clip', 6 + 1, node('Clip', { min: float(-1), max: float(0.5) })],
    ['Pad', 7, node('Pad', { pads: ints([0, 1, 0, 1, 0, 2]), value: float(1.5) })],
    ['Slice', 9, node('Slice', { starts: ints([1, 0]), ends: ints([9, -1]), axes: ints([1, 2]) })],
    ['TopK', 9, (x: Value) => output(operation('TopK', [x], { k: int(2), axis: int(1) }, { outputs: 2 }), 1)],
    ['Dropout', 10, node('Dropout', { ratio: float(0.4) })],
    ['ReduceMax', 12, node('ReduceMax', { axes: ints([0, 2]) })],
  ])('says %s of opset %i anew, to the same effect', async (_, version, make) => {
    const { old, feeds } = setup(version, make);

    const upgraded = upgradeModel(old);

    expect(upgraded.opsets['']).toBe(21);
    expect(await runModel(writeModel(upgraded), feeds)).toEqual(await runModel(writeModel(old), feeds));
  });

  it.each([
    ['BatchNormalization', 8, node('BatchNormalization', { momentum: float(0.8) }, four, four, four, four)],
    ['Upsample', 9, node('Upsample', { mode: string('nearest') }, constant(floats([4], [1, 1, 2, 3])))],
    [
      'Upsample with scales as attribute',
      7,
      node('Upsample', { mode: string('linear'), scales: attribute.floats([1, 1, 2, 2]) }),
    ],
    ['Resize', 10, node('Resize', { mode: string('linear') }, constant(floats([4], [1, 1, 1.5, 2])))],
    [
      'GridSample',
      16,
      node('GridSample', { mode: string('bilinear') }, constant(floats([1, 1, 2, 2], [0.1, -0.3, 0.9, 0.4]))),
    ],
    [
      'GroupNormalization',
      18,
      node(
        'GroupNormalization',
        { num_groups: int(2) },
        constant(floats([2], [1, 2])),
        constant(floats([2], [3, 4])),
      ),
    ],
    [
      'Scatter',
      9,
      node(
        'Scatter',
        { axis: int(1) },
        constant({ ...int64s([2]), dims: [1, 1, 1, 1] }),
        constant(floats([1, 1, 1, 1], [9])),
      ),
    ],
  ])('says %s of opset %i anew, to the same effect on images', async (_, version, make) => {
    const { old, feeds } = setup(version, make, image);
    const [before, after] = [
      await runModel(writeModel(old), feeds),
      await runModel(writeModel(upgradeModel(old)), feeds),
    ];

    const numbers = Array.from(after.y?.data ?? [], Number);

    expect(after.y?.dims).toEqual(before.y?.dims);
    expect(numbers).toEqual(
      Array.from<unknown, unknown>(before.y?.data ?? [], (value) => expect.closeTo(Number(value), 4)),
    );
  });

  it('leaves a model of today as it is', () => {
    const { old } = setup(21, node('Relu'));

    expect(upgradeModel(old)).toBe(old);
  });

  it('raises versions even where no node changes', () => {
    const { old } = setup(9, node('Relu'));

    const upgraded = upgradeModel(old);

    expect(upgraded.graph).toBe(old.graph);
    expect(upgraded.opsets['']).toBe(21);
  });

  it.each([
    ['a version before 7', 6, node('Relu'), /opset 6/],
    [
      'statistics per pixel',
      7,
      node('BatchNormalization', { spatial: int(0) }, four, four, four, four),
      /spatial/,
    ],
    [
      'the first form of Scan',
      8,
      node('Scan', {
        num_scan_inputs: int(1),
        body: attribute.graph({ name: 'b', inputs: [], outputs: [] }),
      }),
      /Scan/,
    ],
  ])('refuses %s', (_, version, make, message) => {
    const { old } = setup(version, make, image);

    expect(() => upgradeModel(old)).toThrow(InvalidModelError);
    expect(() => upgradeModel(old)).toThrow(message);
  });
});
