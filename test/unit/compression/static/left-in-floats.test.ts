import { int8Static } from '../../../../jobs/compression/quantization/static/int8-static';
import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { attribute, constant, floats, input, operation, scalar, tensor } from '../../../../shared/onnx/build';
import { castTo, transpose } from '../../../../shared/onnx/expressions';
import type { InputValue, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { everyValue } from '../../../../shared/onnx/walk';
import { modelOver } from '../../../support/random-image-net';

describe('what static int8 leaves in floats', () => {
  const numbers = (length: number) => Float32Array.from({ length }, (_, at) => Math.sin(at));
  const weight = (dims: readonly number[], name = 'w') =>
    constant(floats(dims, numbers(dims.reduce((product, size) => product * size, 1))), name);
  const x = input('x', 'float', ['batch', 16]);
  const image = input('x', 'float', ['batch', 16, 4, 4]);
  const product = operation('MatMul', [x, weight([16, 16])]);

  const reasons: readonly [string, Value, RegExp][] = [
    ['few weights', operation('MatMul', [x, weight([16, 4])]), /64 weights are too few/],
    [
      'ConvTranspose',
      operation('ConvTranspose', [image, weight([16, 16, 2, 2])]),
      /no integer kernel of ConvTranspose/,
    ],
    [
      'weights on the left',
      operation('MatMul', [weight([16, 16]), transpose(x, [1, 0])]),
      /stand on the left/,
    ],
    ['batches of matrices', operation('MatMul', [x, weight([2, 16, 16])]), /of rank 3, not 2/],
    [
      'doubles',
      operation('MatMul', [
        castTo(x, 'double'),
        constant(tensor('double', [16, 16], new Float64Array(256)), 'w'),
      ]),
      /its numbers are double/,
    ],
    [
      'NaN',
      operation('MatMul', [x, constant(floats([16, 16], numbers(256).fill(Number.NaN)), 'w')]),
      /NaN or infinity/,
    ],
    [
      'weights that are added too',
      operation('Add', [product, operation('ReduceSum', [product.inputs[1] ?? x])]),
      /also read as floats, by ReduceSum/,
    ],
    [
      'weights read in two ways',
      operation('Gemm', [product, product.inputs[1] ?? x], { transB: attribute.int(1) }),
      /also read as floats, by (Gemm|operation|MatMul)/,
    ],
    [
      'transposed activations',
      operation('Gemm', [x, weight([16, 16])], { transA: attribute.int(1) }),
      /transposes its activations/,
    ],
    [
      'a computed bias',
      operation('Gemm', [x, weight([16, 16]), operation('ReduceMean', [x])]),
      /its bias is computed/,
    ],
    [
      'a factor',
      operation('Gemm', [x, weight([16, 16])], { alpha: attribute.float(0.5) }),
      /multiplies its product by 0.5/,
    ],
    [
      'bodies',
      operation(
        'If',
        [
          operation('Greater', [
            operation('ReduceSum', [x], { keepdims: attribute.int(0) }),
            constant(scalar(0)),
          ]),
        ],
        {
          then_branch: attribute.graph({ name: 'yes', inputs: [], outputs: [{ name: 'a', value: product }] }),
          else_branch: attribute.graph({
            name: 'no',
            inputs: [],
            outputs: [{ name: 'b', value: operation('Neg', [product]) }],
          }),
        },
      ),
      /inside the body of an If/,
    ],
  ];

  it.each(reasons)('says why: %s', (_, value, reason) => {
    const inputs = everyValue([value]).filter((each): each is InputValue => each.kind === 'input');
    const given = model({ graph: { name: 'g', inputs, outputs: [{ name: 'y', value }] } });

    const passed = int8Static({ ranges: new Map(), ...plain }).apply(given);

    expect(passed).toMatchObject({ model: given });
    expect(passed).toHaveProperty(
      'layers',
      expect.arrayContaining([expect.objectContaining({ kept: expect.stringMatching(reason) })]),
    );
  });

  it('says so of layers that are to be kept, and asks for no range of theirs', () => {
    const given = modelOver(x, product);

    const passed = int8Static({ ranges: new Map(), ...plain, keep: ['w'] }).apply(given);

    expect(passed).toMatchObject({ model: given, layers: [{ layer: 'w', kept: 'kept in floats as asked' }] });
  });

  it('refuses an opset whose integers have one scale a tensor', () => {
    const given = model({
      graph: { name: 'g', inputs: [x], outputs: [{ name: 'y', value: product }] },
      opsets: { '': 12 },
    });

    const apply = () => int8Static({ ranges: new Map(), ...plain }).apply(given);

    expect(apply).toThrow(UnsuitableModelError);
    expect(apply).toThrow(/uses ONNX opset 12, and static int8 needs 13/);
  });

  it('refuses ranges of another model', () => {
    const apply = () => int8Static({ ranges: new Map(), ...plain }).apply(modelOver(x, product));

    expect(apply).toThrow(/ranges of activations were measured on another model/);
  });
});

const plain = {
  perChannel: true,
  symmetric: true,
  symmetricActivations: false,
  reduceRange: false,
  keep: [],
};
