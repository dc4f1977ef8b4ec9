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
  tensor,
} from '../../../shared/onnx/build';
import type { Dimension } from '../../../shared/onnx/ir';
import { printType } from '../../../shared/onnx/shapes';

const x = (...shape: Dimension[]) => input('x', 'float', shape);
const list = (...values: number[]) => constant(int64s(values));

describe('tensor', () => {
  it('holds typed arrays by reference', () => {
    const data = Float32Array.of(1, 2, 3);

    const made = tensor('float', [3], data);

    expect(made.data).toBe(data);
  });

  it.each([
    ['int64', [1, -2], BigInt64Array.of(1n, -2n)],
    ['bool', [true, false], Uint8Array.of(1, 0)],
    ['float16', [1, -0.5], Uint16Array.of(0x3c00, 0xb800)],
    ['bfloat16', [1, -2], Uint16Array.of(0x3f80, 0xc000)],
    ['string', ['a', 'b'], ['a', 'b']],
    ['uint8', [1, 255], Uint8Array.of(1, 255)],
  ] as const)('turns a plain list into %s', (elementType, values, expected) => {
    const { data } = tensor(elementType, [2], values);

    expect(data).toEqual(expected);
  });

  it('takes types under 8 bits packed', () => {
    const made = tensor('int4', [3], Uint8Array.of(0x21, 0x03));

    expect(made.dims).toEqual([3]);
  });

  it.each([
    ['too few values', () => floats([2, 2], [1, 2, 3])],
    ['an array of another kind', () => tensor('double', [1], Float32Array.of(1))],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(InvalidGraphError);
  });
});

describe('operation', () => {
  it.each([
    ['broadcasts', operation('Add', [x('batch', 1, 3), x(4, 1)]), 'float[batch, 4, 3]'],
    ['compares', operation('Less', [x('batch', 2), constant(scalar(0))]), 'bool[batch, 2]'],
    ['casts', operation('Cast', [x(2)], { to: attribute.int(7) }), 'int64[2]'],
    ['multiplies matrices', operation('MatMul', [x('batch', 5, 2), x(2, 7)]), 'float[batch, 5, 7]'],
    ['multiplies by a vector', operation('MatMul', [x('batch', 2), x(2)]), 'float[batch]'],
    [
      'adds a bias',
      operation('Gemm', [x('batch', 2), x(3, 2), x(3)], { transB: attribute.int(1) }),
      'float[batch, 3]',
    ],
    [
      'reduces',
      operation('ReduceMean', [x('batch', 2, 3), list(-1)], { keepdims: attribute.int(0) }),
      'float[batch, 2]',
    ],
    ['reduces all', operation('ReduceSum', [x('batch', 2)], { keepdims: attribute.int(0) }), 'float[]'],
    ['reshapes', operation('Reshape', [x('batch', 4, 6), list(0, -1)]), 'float[batch, 24]'],
    ['reshapes around a name', operation('Reshape', [x('batch', 4, 6), list(-1, 24)]), 'float[batch, 24]'],
    ['flattens', operation('Flatten', [x('batch', 4, 6)]), 'float[batch, 24]'],
    [
      'slices',
      operation('Slice', [x('batch', 9), list(1), list(2 ** 40), list(1), list(2)]),
      'float[batch, 4]',
    ],
    [
      'concatenates',
      operation('Concat', [x('batch', 2), x('batch', 3)], { axis: attribute.int(1) }),
      'float[batch, 5]',
    ],
    ['gathers', operation('Gather', [x('rows', 4), input('i', 'int64', ['batch'])]), 'float[batch, 4]'],
    ['expands', operation('Expand', [x(3, 1), list(2, 1, 4)]), 'float[2, 3, 4]'],
    [
      'tells one-hots',
      operation('OneHot', [x('batch'), list(5), constant(floats([2], [0, 1]))]),
      'float[batch, 5]',
    ],
    [
      'convolves',
      operation('Conv', [x('batch', 3, 8, 8), x(6, 3, 3, 3)], { pads: attribute.ints([1, 1, 1, 1]) }),
      'float[batch, 6, 8, 8]',
    ],
    ['takes unknown ranks', operation('Relu', [input('x', 'float')]), 'float[...]'],
  ])('%s', (_, value, expected) => {
    expect(printType(value.type)).toBe(expected);
  });

  it('follows shapes through shape arithmetic', () => {
    const image = x('batch', 3, 'height', 'width');
    const shape = operation('Shape', [image]);
    const batch = operation('Gather', [shape, list(0)]);
    const target = operation('Concat', [batch, list(3, -1)], { axis: attribute.int(0) });

    const flat = operation('Reshape', [image, target]);

    expect(printType(flat.type)).toBe('float[batch, 3, ?]');
  });

  it('gives operators outside the table the types they are said to have', () => {
    const said = { kind: 'tensor', elementType: 'float', shape: [3] } as const;

    const value = operation('Frobnicate', [x(3)], {}, { domain: 'example', outputs: 2, types: [said] });

    expect(value.types).toEqual([said, { kind: 'unknown' }]);
  });

  it.each([
    [
      'shapes that do not broadcast',
      () => operation('Add', [x(2), x(3)]),
      /Add\(float\[2\], float\[3\]\): sizes 2 and 3/,
    ],
    [
      'element types that differ',
      () => operation('Add', [x(2), input('y', 'double', [2])]),
      /cast one of them/,
    ],
    ['matrices that do not fit', () => operation('MatMul', [x(2, 3), x(4, 5)]), /columns of \[2, 3\]/],
    ['too few inputs', () => operation('MatMul', [x(2, 3)]), /takes 2 inputs, got 1/],
    ['axes outside the rank', () => operation('Squeeze', [x(2, 3), list(5)]), /axis 5/],
    ['elements that get lost', () => operation('Reshape', [x(2, 3), list(4)]), /6 elements/],
    [
      'a permutation that is none',
      () => operation('Transpose', [x(2, 3)], { perm: attribute.ints([0, 0]) }),
      /perm/,
    ],
    ['a cast to nothing', () => operation('Cast', [x(2)]), /'to' is 0/],
    [
      'a loop whose body does not fit',
      () =>
        operation('Loop', [undefined, undefined, x(2)], {
          body: attribute.graph({ name: 'b', inputs: [], outputs: [] }),
        }),
      /3 inputs/,
    ],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(InvalidGraphError);
    expect(make).toThrow(message);
  });
});

describe('output', () => {
  it('is the node itself, or always the same projection', () => {
    const split = operation('Split', [x(4)], {}, { outputs: 2 });

    expect(output(split, 0)).toBe(split);
    expect(output(split, 1)).toBe(output(split, 1));
  });

  it('refuses an output that the node does not have', () => {
    expect(() => output(operation('Relu', [x(4)]), 1)).toThrow(InvalidGraphError);
  });
});
