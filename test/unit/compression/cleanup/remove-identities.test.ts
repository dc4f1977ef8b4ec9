import { foldShapes } from '../../../../jobs/compression/cleanup/fold-shapes';
import { removeIdentities } from '../../../../jobs/compression/cleanup/remove-identities';
import { attribute, constant, floats, input, int64s, operation, scalar } from '../../../../shared/onnx/build';
import type { InputValue, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { readModel } from '../../../../shared/onnx/read-model';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { runModel } from '../../../support/run-onnx';

const x = input('x', 'float', ['batch', 3, 4]);
const fixed = input('x', 'float', [2, 3, 4]);
const whole = input('x', 'int64', ['batch', 3]);
const open = input('x', 'float', undefined);

const ints = (...values: number[]): Value => constant(int64s(values));
const filled = (value: number, ...dims: number[]): Value =>
  constant(floats(dims, new Array<number>(dims.reduce((count, size) => count * size, 1)).fill(value)));
const perm = (...order: number[]) => ({ perm: attribute.ints(order) });
const to = (code: number) => ({ to: attribute.int(code) });
const axis = (index: number) => ({ axis: attribute.int(index) });

function setup(bound: InputValue, value: Value) {
  const given = model({ graph: { name: 'idle', inputs: [bound], outputs: [{ name: 'y', value }] } });
  const opsOf = (roots: readonly Value[]) =>
    everyValue(roots).flatMap((each) => (each.kind === 'operation' ? [each.op] : []));
  return { given, opsOf };
}

const idle: readonly [string, InputValue, Value][] = [
  ['an Identity', x, operation('Identity', [x])],
  ['a Dropout', x, operation('Dropout', [x])],
  [
    'a Dropout that is told not to drop',
    x,
    operation('Dropout', [x, constant(scalar(0.5)), constant(scalar(false, 'bool'))]),
  ],
  ['a cast to the type that it has', x, operation('Cast', [x], to(1))],
  ['a cast to double and back', x, operation('Cast', [operation('Cast', [x], to(11))], to(1))],
  ['a sum with zero', x, operation('Add', [filled(0), x])],
  ['a difference to zeros of its shape', x, operation('Sub', [x, filled(0, 3, 4)])],
  ['a product with ones', x, operation('Mul', [x, filled(1, 1, 3, 1)])],
  ['a quotient by one', x, operation('Div', [x, filled(1)])],
  ['a sum of whole numbers with zero', whole, operation('Add', [whole, constant(scalar(0, 'int64'))])],
  ['a double negation', x, operation('Neg', [operation('Neg', [x])])],
  ['axes that stay where they are', x, operation('Transpose', [x], perm(0, 1, 2))],
  [
    'axes that are put back',
    x,
    operation('Transpose', [operation('Transpose', [x], perm(1, 2, 0))], perm(2, 0, 1)),
  ],
  ['axes that are reversed twice', x, operation('Transpose', [operation('Transpose', [x])])],
  ['a Reshape to the same sizes', fixed, operation('Reshape', [fixed, ints(2, 3, 4)])],
  ['a Reshape to the same sizes but one, which is left over', x, operation('Reshape', [x, ints(-1, 3, 4)])],
  ['a Reshape to its own shape', x, operation('Reshape', [x, operation('Shape', [x])])],
  [
    'rows that are flattened and put back',
    x,
    operation('Reshape', [operation('Flatten', [x]), ints(-1, 3, 4)]),
  ],
  [
    'an axis that is added and taken away',
    x,
    operation('Squeeze', [operation('Unsqueeze', [x, ints(1)]), ints(1)]),
  ],
  ['an Expand to its own shape', x, operation('Expand', [x, operation('Shape', [x])])],
  ['an Expand to ones', x, operation('Expand', [x, ints(1, 1)])],
  ['a Slice of everything', x, operation('Slice', [x, ints(0, 0), ints(2 ** 31 - 1, 4), ints(0, 2)])],
  ['a Pad of nothing', x, operation('Pad', [x, ints(0, 0, 0, 0, 0, 0)])],
  ['a Tile of one', x, operation('Tile', [x, ints(1, 1, 1)])],
  ['a Clip without bounds', x, operation('Clip', [x])],
  ['a Concat of one', x, operation('Concat', [x], axis(1))],
  ['a Sum of one', x, operation('Sum', [x])],
];

const busy: readonly [string, InputValue, Value][] = [
  [
    'a Dropout that drops',
    x,
    operation('Dropout', [x, constant(scalar(0.5)), constant(scalar(true, 'bool'))]),
  ],
  ['a cast to whole numbers and back', x, operation('Cast', [operation('Cast', [x], to(7))], to(1))],
  ['a sum with zeros of more axes', x, operation('Add', [x, filled(0, 1, 1, 1, 1)])],
  ['a sum with zeros of more rows', x, operation('Add', [x, filled(0, 2, 3, 4)])],
  ['a sum with zeros where the rank is unknown', open, operation('Add', [open, filled(0, 1)])],
  ['a product with ones of which one is none', x, operation('Mul', [x, constant(floats([3, 1], [1, 1, 2]))])],
  ['a difference from zero', x, operation('Sub', [filled(0), x])],
  ['one divided by', x, operation('Div', [filled(1), x])],
  ['axes that change places', x, operation('Transpose', [x], perm(0, 2, 1))],
  ['a Reshape to sizes of as many axes', x, operation('Reshape', [x, ints(-1, 4, 3)])],
  ['a Reshape of which two sizes are open', open, operation('Reshape', [open, ints(-1, 3, 4)])],
  ['an Expand to more rows', x, operation('Expand', [x, ints(2, 3, 4)])],
  ['a Slice of the first three', x, operation('Slice', [x, ints(0), ints(3), ints(2)])],
  ['a Slice of every other one', x, operation('Slice', [x, ints(0), ints(2 ** 31 - 1), ints(2), ints(2)])],
  ['a Slice from the second on', x, operation('Slice', [x, ints(1), ints(2 ** 31 - 1), ints(1)])],
  ['a Pad of one row', x, operation('Pad', [x, ints(0, 0, 0, 0, 1, 0)])],
  ['a Clip at zero', x, operation('Clip', [x, constant(scalar(0))])],
  [
    'an Identity of another domain',
    x,
    operation('Identity', [x], {}, { domain: 'some.where', types: [x.type] }),
  ],
];

describe('removeIdentities', () => {
  it.each(idle)('removes %s', (_, bound, value) => {
    const { given } = setup(bound, value);

    const { model: cleaned, changes } = removeIdentities.apply(given);

    expect(cleaned.graph.outputs.map((output) => [output.name, output.value])).toEqual([['y', bound]]);
    expect(changes).toBeGreaterThan(0);
  });

  it.each(busy)('keeps %s', (_, bound, value) => {
    const { given, opsOf } = setup(bound, value);

    const { model: cleaned } = removeIdentities.apply(given);

    expect(opsOf(cleaned.graph.outputs.map((output) => output.value))).toEqual(opsOf([value]));
  });

  it('joins two reorderings, and two Reshapes, to one', () => {
    const reordered = operation('Transpose', [operation('Transpose', [x], perm(1, 2, 0))], perm(1, 0, 2));
    const reshaped = operation('Reshape', [operation('Reshape', [reordered, ints(-1)]), ints(2, -1)]);
    const { given, opsOf } = setup(x, reshaped);

    const { model: cleaned } = removeIdentities.apply(given);

    expect(opsOf(cleaned.graph.outputs.map((output) => output.value))).toEqual(['Transpose', 'Reshape']);
  });

  it('leaves a model that runs where an output is an input', async () => {
    const { given } = setup(x, operation('Identity', [x]));
    const rows = floats([1, 3, 4], new Float32Array(12).fill(2));

    const bytes = writeModel(removeIdentities.apply(given).model);

    expect(readModel(bytes).graph.outputs.map(({ name }) => name)).toEqual(['y']);
    expect(await runModel(bytes, { x: rows })).toMatchObject({ y: { dims: [1, 3, 4], data: rows.data } });
  });
});

describe('foldShapes', () => {
  it('makes constants of what is computed of known sizes', () => {
    const sizes = operation('Shape', [fixed]);
    const rows = operation('Mul', [operation('Gather', [sizes, ints(0)]), ints(3)]);
    const { given, opsOf } = setup(
      fixed,
      operation('Reshape', [fixed, operation('Concat', [rows, ints(4)], axis(0))]),
    );

    const { model: cleaned, changes } = foldShapes.apply(given);

    expect(opsOf(cleaned.graph.outputs.map((output) => output.value))).toEqual(['Reshape']);
    expect(changes).toBeGreaterThan(0);
  });

  it('has the runtime work out the one size that is known by name', async () => {
    const rows = operation('Gather', [operation('Shape', [x]), ints(0)]);
    const { given, opsOf } = setup(
      x,
      operation('Reshape', [x, operation('Concat', [rows, ints(12)], axis(0))]),
    );

    const { model: cleaned } = foldShapes.apply(given);

    const result = await runModel(writeModel(cleaned), { x: floats([5, 3, 4], new Float32Array(60)) });
    expect(opsOf(cleaned.graph.outputs.map((output) => output.value))).toEqual(['Reshape']);
    expect(result.y?.dims).toEqual([5, 12]);
  });

  it('keeps sizes of which two are known by name', () => {
    const named = input('x', 'float', ['batch', 'length', 4]);
    const flipped = operation('Gather', [operation('Shape', [named]), ints(1, 0, 2)]);
    const { given } = setup(named, operation('Reshape', [named, flipped]));

    const { changes } = foldShapes.apply(given);

    expect(changes).toBe(0);
  });
});
