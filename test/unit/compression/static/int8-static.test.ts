import { storeWeights } from '../../../../jobs/compression/quantization/static/store-weights';
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
} from '../../../../shared/onnx/build';
import { castTo, transpose } from '../../../../shared/onnx/expressions';
import type { ConstantValue, InputValue, Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { everyValue, rewrite } from '../../../../shared/onnx/walk';
import { calibrated, relativeErrorOf, runOnce } from '../../../support/calibrated';
import { optimizedOperators } from '../../../support/optimized-operators';
import { layersFrom, modelOver } from '../../../support/random-image-net';
import { noise } from '../../../support/random-mlp';

const side = 8;

function setup(channels = 4) {
  const next = noise(11);
  const x = input('x', 'float', ['batch', channels, side, side]);
  const numbers = (length: number) => Float32Array.from({ length }, () => 2 * next());
  return {
    x,
    numbers,
    layers: layersFrom(2),
    feeds: { x: floats([5, channels, side, side], numbers(5 * channels * side * side)) },
  };
}

const int8ConstantsOf = ({ graph }: Model): readonly ConstantValue[] =>
  everyValue(graph.outputs.map(({ value }) => value)).filter(
    (value): value is ConstantValue =>
      value.kind === 'constant' && value.tensor.elementType === 'int8' && value.tensor.dims.length > 1,
  );

const operatorsOf = ({ graph }: Model): readonly string[] =>
  everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
    value.kind === 'operation' ? [value.op] : [],
  );

async function errorOf(
  before: Model,
  after: Model,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<number> {
  const [was, is] = [await runOnce(before, feeds), await runOnce(after, feeds)];
  return relativeErrorOf(was.y, is.y);
}

type Layers = ReturnType<typeof layersFrom>;
type Build = (layers: Layers, x: InputValue) => Value;

/** Operators between one convolution and the next, and what ONNX Runtime is to compute the whole with. */
const fusions: readonly [string, Build, readonly string[]][] = [
  [
    'Relu and MaxPool',
    ({ conv, relu, pool }, x) => conv(pool(relu(conv(x, [4, 16]))), [16, 16]),
    ['QLinearConv', 'MaxPool', 'QLinearConv'],
  ],
  [
    'a bounded Clip',
    ({ conv }, x) => {
      const bounded = operation('Clip', [conv(x, [4, 16]), constant(scalar(0)), constant(scalar(6))]);
      return conv(bounded, [16, 16]);
    },
    ['QLinearConv', 'QLinearConv'],
  ],
  [
    'a bias that is added for itself',
    ({ conv, numbers, relu }, x) => {
      const { inputs, attributes } = conv(x, [4, 16]);
      const product = operation('Conv', inputs.slice(0, 2), attributes);
      const bias = constant(floats([16, 1, 1], numbers(16, 1)));
      return conv(relu(operation('Add', [product, bias])), [16, 16]);
    },
    ['QLinearConv', 'QLinearConv'],
  ],
  [
    'a residual sum',
    ({ conv, relu, add }, x) => {
      const stem = relu(conv(x, [4, 16]));
      return conv(relu(add(conv(stem, [16, 16]), stem)), [16, 16]);
    },
    ['QLinearConv', 'QLinearConv', 'QLinearAdd', 'QLinearConv'],
  ],
  [
    'a Sum of two, as old exporters write it',
    ({ conv, relu }, x) => {
      const stem = relu(conv(x, [4, 16]));
      return conv(operation('Sum', [conv(stem, [16, 16]), stem]), [16, 16]);
    },
    ['QLinearConv', 'QLinearConv', 'QLinearAdd', 'QLinearConv'],
  ],
  [
    'Concat',
    ({ conv, relu, join }, x) => {
      const stem = relu(conv(x, [4, 16]));
      return conv(join(stem, relu(conv(stem, [16, 16]))), [32, 16]);
    },
    ['QLinearConv', 'QLinearConv', 'QLinearConcat', 'QLinearConv'],
  ],
  [
    'AveragePool',
    ({ conv }, x) => {
      const sizes = { kernel_shape: attribute.ints([2, 2]), strides: attribute.ints([2, 2]) };
      return conv(operation('AveragePool', [conv(x, [4, 16])], sizes), [16, 16]);
    },
    ['QLinearConv', 'QLinearAveragePool', 'QLinearConv'],
  ],
  [
    'LeakyRelu',
    ({ conv }, x) => conv(operation('LeakyRelu', [conv(x, [4, 16])]), [16, 16]),
    ['QLinearConv', 'QLinearLeakyRelu', 'QLinearConv'],
  ],
  [
    'a gate of Sigmoid and Mul',
    ({ conv }, x) => {
      const stem = conv(x, [4, 16]);
      return conv(operation('Mul', [stem, operation('Sigmoid', [stem])]), [16, 16]);
    },
    ['QLinearConv', 'QLinearSigmoid', 'QLinearMul', 'QLinearConv'],
  ],
  [
    'Split, Transpose and Reshape',
    ({ conv, join }, x) => {
      const halves = operation(
        'Split',
        [conv(x, [4, 16]), constant(int64s([8, 8]))],
        { axis: attribute.int(1) },
        { outputs: 2 },
      );
      const swapped = join(output(halves, 1), halves);
      const turned = transpose(swapped, [0, 1, 3, 2]);
      return conv(operation('Reshape', [turned, constant(int64s([-1, 16, 4, 16]))]), [16, 16]);
    },
    ['QLinearConv', 'Split', 'QLinearConcat', 'Transpose', 'Reshape', 'QLinearConv'],
  ],
  [
    'Resize',
    ({ conv }, x) => {
      const scales = constant(floats([4], [1, 1, 2, 2]));
      const larger = operation('Resize', [conv(x, [4, 16]), undefined, scales], {
        mode: attribute.string('nearest'),
      });
      return conv(larger, [16, 16]);
    },
    ['QLinearConv', 'Resize', 'QLinearConv'],
  ],
  [
    'the way to a Gemm',
    ({ conv, relu, mean, flat, dense }, x) => dense(flat(mean(relu(conv(x, [4, 16])))), [16, 10]),
    ['QLinearConv', 'QLinearGlobalAveragePool', 'Flatten', 'QGemm'],
  ],
  [
    'a convolution of one channel each',
    ({ conv }, x) => {
      const stem = conv(x, [4, 16]);
      return conv(conv(stem, [1, 16], 3, { group: attribute.int(16) }), [16, 16], 1);
    },
    ['QLinearConv', 'QLinearConv', 'QLinearConv'],
  ],
];

describe('static int8', () => {
  it.each(fusions)('is computed on integers with %s in between', async (_, build, expected) => {
    const { x, layers, feeds } = setup();
    const given = modelOver(x, build(layers, x));

    const { model: int8 } = await calibrated(given, feeds);

    const operators = await optimizedOperators(int8);
    const steps = ['QuantizeLinear', 'DequantizeLinear'];
    expect(operators.filter((op) => !steps.includes(op)).sort()).toEqual([...expected].sort());
    expect(operators.filter((op) => op === 'QuantizeLinear')).toHaveLength(1);
    expect(operators.filter((op) => op === 'DequantizeLinear').length).toBeLessThanOrEqual(1);
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it('bounds integers where what a Relu gives shares the scale of numbers under zero', async () => {
    const { x, layers, feeds } = setup();
    const { conv, relu, join } = layers;
    const stem = relu(conv(x, [4, 16]));
    const given = modelOver(x, conv(join(stem, conv(stem, [16, 16])), [32, 16]));

    const { model: int8 } = await calibrated(given, feeds);

    expect(operatorsOf(int8)).toContain('Clip');
    expect(operatorsOf(int8)).not.toContain('Relu');
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it('multiplies by matrices of tokens on integers, and adds biases to them in floats', async () => {
    const { layers, numbers } = setup();
    const tokens = input('x', 'float', ['batch', 6, 32]);
    const weight = constant(floats([32, 24], numbers(32 * 24)), 'w');
    const sum = operation('Add', [
      operation('MatMul', [tokens, weight]),
      constant(floats([24], numbers(24))),
    ]);
    const given = modelOver(
      tokens,
      operation('MatMul', [layers.relu(sum), constant(floats([24, 16], numbers(384)))]),
    );
    const feeds = { x: floats([5, 6, 32], numbers(5 * 6 * 32)) };

    const { model: int8 } = await calibrated(given, feeds);

    const operators = await optimizedOperators(int8);
    expect(operators.filter((op) => op === 'MatMulIntegerToFloat')).toHaveLength(2);
    expect(operators).not.toContain('MatMul');
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it('writes a product and the sum with its bias as one', async () => {
    const { layers, numbers } = setup();
    const x = input('x', 'float', ['batch', 32]);
    const bias = constant(floats([24], numbers(24)), 'b');
    const hidden = layers.relu(
      operation('Add', [bias, operation('MatMul', [x, constant(floats([32, 24], numbers(768)), 'w')])]),
    );
    const given = modelOver(x, layers.dense(hidden, [24, 10]));
    const feeds = { x: floats([9, 32], numbers(9 * 32)) };

    const { model: int8, layers: decisions } = await calibrated(given, feeds);

    const operators = await optimizedOperators(int8);
    expect(operators.filter((op) => op === 'QGemm')).toHaveLength(2);
    expect(decisions.map(({ operator }) => operator)).toEqual(['MatMul', 'Gemm']);
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it.each([0, 1])('knows Gemm with weights that are transposed: %i', async (transB) => {
    const { layers, numbers } = setup();
    const x = input('x', 'float', ['batch', 32]);
    const weight = constant(floats(transB === 1 ? [24, 32] : [32, 24], numbers(768)), 'w');
    const bias = constant(floats([24], numbers(24)));
    const first = operation('Gemm', [x, weight, bias], { transB: attribute.int(transB) });
    const given = modelOver(x, layers.dense(layers.relu(first), [24, 10]));
    const feeds = { x: floats([9, 32], numbers(9 * 32)) };

    const { model: int8 } = await calibrated(given, feeds);

    expect((await optimizedOperators(int8)).filter((op) => op === 'QGemm')).toHaveLength(2);
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it('reads pixels as they are, without a way over floats', async () => {
    const { layers } = setup();
    const pixels = input('x', 'uint8', ['batch', side, side, 3]);
    const centred = operation('Sub', [castTo(pixels, 'float'), constant(floats([1], [73.3]))]);
    const given = modelOver(
      pixels,
      layers.conv(
        transpose(operation('Mul', [centred, constant(floats([3], [0.02, 0.02, 0.02]))]), [0, 3, 1, 2]),
        [3, 16],
      ),
    );
    const data = Uint8Array.from({ length: 4 * side * side * 3 }, (_, at) => (at * 7919) % 256);
    const feeds = { x: tensor('uint8', [4, side, side, 3], data) };

    const { model: int8 } = await calibrated(given, feeds);

    expect(operatorsOf(int8)).toEqual(expect.not.arrayContaining(['Cast', 'Sub', 'Mul']));
    expect(int8ConstantsOf(int8).map(({ tensor: { dims } }) => dims)).toEqual([[16, 4, 3, 3]]);
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it('stores tied weights once', async () => {
    const { numbers, layers } = setup();
    const x = input('x', 'float', ['batch', 24]);
    const weight = constant(floats([24, 24], numbers(576)), 'w');
    const twice = operation('MatMul', [layers.relu(operation('MatMul', [x, weight])), weight]);
    const feeds = { x: floats([9, 24], numbers(9 * 24)) };

    const { model: int8, layers: decisions } = await calibrated(modelOver(x, twice), feeds);
    const floatWeights = await calibrated(modelOver(x, twice), feeds, { storedWeights: false });
    const after = storeWeights(floatWeights.model);

    expect(int8ConstantsOf(int8).map(({ name }) => name)).toEqual(['w.int8']);
    expect(decisions.map(({ layer }) => layer)).toEqual(['w', 'w#2']);
    expect(after.layers.map(({ layer }) => layer)).toEqual(['w', 'w#2']);
  });

  it('tells of each layer what it was, what it is and where its results are', async () => {
    const { x, layers, feeds } = setup();
    const { conv, relu, flat, mean, dense } = layers;
    const hidden = relu(conv(x, [4, 16]));
    const given = modelOver(x, dense(flat(mean(hidden)), [16, 10]));

    const { model: int8, layers: decisions } = await calibrated(given, feeds);

    expect(decisions).toMatchObject([
      {
        layer: 'weight_0',
        operator: 'Conv',
        shape: [16, 4, 3, 3],
        bytesBefore: 2304,
        bytesAfter: 576 + 16 * 5,
      },
      { layer: 'weight_1', operator: 'Gemm', shape: [16, 10], bytesBefore: 640, bytesAfter: 160 + 10 * 5 },
    ]);
    const known = new Set(everyValue(int8.graph.outputs.map(({ value }) => value)));
    expect(decisions.every(({ results }) => results && known.has(results.after))).toBe(true);
    expect(decisions[0]?.results?.before).toBe(hidden);
  });

  it('makes room for a bias that its weights are next to nothing beside', async () => {
    const { numbers } = setup();
    const x = input('x', 'float', ['batch', 16]);
    const weights = numbers(256).map((weight, at) => (at % 16 === 3 ? weight * 1e-12 : weight));
    const bias = constant(floats([16], new Float32Array(16).fill(5)));
    const given = modelOver(x, operation('Gemm', [x, constant(floats([16, 16], weights), 'w'), bias]));
    const feeds = { x: floats([9, 16], numbers(9 * 16)) };

    const { model: int8 } = await calibrated(given, feeds);

    const { y } = await runOnce(int8, feeds);
    expect(Number(y?.data[3])).toBeCloseTo(5, 3);
    expect(await errorOf(given, int8, feeds)).toBeLessThan(0.03);
  });

  it('keeps a trained weight within 7 bits where the range is reduced', async () => {
    const { x, layers, feeds } = setup();
    const given = modelOver(x, layers.conv(x, [4, 16]));
    const { model: floatWeights } = await calibrated(given, feeds, {
      reduceRange: true,
      storedWeights: false,
    });
    const grown = {
      ...floatWeights,
      graph: rewrite(floatWeights.graph, (value) =>
        value.kind === 'constant' && value.name === 'weight_0'
          ? constant(
              floats(
                value.tensor.dims,
                Float32Array.from(Array.from<unknown, number>(value.tensor.data, Number), (each) => 3 * each),
              ),
              'weight_0',
            )
          : undefined,
      ),
    };

    const { model: stored, layers: decisions } = storeWeights(grown, { reduceRange: true });

    const [weight] = int8ConstantsOf(stored);
    const magnitudes = Array.from<unknown, number>(weight?.tensor.data ?? [], (each) =>
      Math.abs(Number(each)),
    );
    expect(Math.max(...magnitudes)).toBe(64);
    expect(decisions).toMatchObject([{ layer: 'weight_0', operator: 'Conv' }]);
  });
});
