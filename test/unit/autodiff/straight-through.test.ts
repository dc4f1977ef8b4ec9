import { differentiate } from '../../../jobs/autodiff/differentiate';
import { MissingGradientError } from '../../../shared/errors/graph-errors';
import { attribute, constant, floats, input, operation, tensor } from '../../../shared/onnx/build';
import { multiply } from '../../../shared/onnx/expressions';
import type { Attributes, Tensor, Value } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

interface Rounding {
  readonly scale: Tensor;
  readonly zero?: Tensor;
  readonly attributes?: Attributes;
  readonly domain?: string;
}

/** Rounded to whole numbers and back. */
function rounded(x: Value, { scale, zero, attributes = {}, domain = '' }: Rounding): Value {
  const how = [constant(scale), zero && constant(zero)];
  const whole = operation('QuantizeLinear', [x, ...how], attributes, { domain });
  return operation('DequantizeLinear', [whole, ...how], attributes, { domain });
}

/** The gradient of the sum of what is rounded, each element times its place, with respect to the elements. */
async function setup(values: Tensor, how: Rounding): Promise<number[]> {
  const x = input('x', 'float', values.dims);
  const factors = Array.from({ length: values.data.length }, (_, place) => place + 1);
  const weighed = multiply(rounded(x, how), constant(floats(values.dims, factors)));
  const loss = operation('ReduceSum', [weighed], { keepdims: attribute.int(0) });
  const [gradient = x] = differentiate(loss, [x]);
  const results = await runGraph(new Map([[x, values]]), { gradient });
  return Array.from(results.gradient?.data ?? [], Number);
}

const cases: [string, Tensor, Rounding, number[]][] = [
  [
    'int8 by one scale: the ends are inside, and what is cut off is not',
    floats([6], [-13.5, -12.8, -0.33, 0, 12.7, 12.8]),
    { scale: floats([], [0.1]), zero: tensor('int8', [], [0]) },
    [0, 2, 3, 4, 5, 0],
  ],
  [
    'uint8 around a zero point',
    floats([4], [-1.1, -1, 1.5, 1.6]),
    { scale: floats([], [0.01]), zero: tensor('uint8', [], [100]) },
    [0, 2, 3, 0],
  ],
  ['uint8 where no zero point is given', floats([3], [-1, 255, 256]), { scale: floats([], [1]) }, [0, 2, 0]],
  [
    'a scale and a zero point for each place of an axis',
    floats([2, 2], [3, 300, -3, -300]),
    {
      scale: floats([2], [0.01, 2]),
      zero: tensor('int8', [2], [0, -100]),
      attributes: { axis: attribute.int(1) },
    },
    [0, 2, 0, 0],
  ],
  [
    'the first axis, counted from behind, in the form of ONNX Runtime',
    floats([2, 2], [1, 100, 1, 100]),
    {
      scale: floats([2], [0.01, 1]),
      zero: tensor('int8', [2], [0, 0]),
      attributes: { axis: attribute.int(-2) },
      domain: 'com.microsoft',
    },
    [1, 0, 3, 4],
  ],
];

describe('rounding to whole numbers and back', () => {
  it.each(cases)('has the gradient of the clipped identity: %s', async (_, values, how, expected) => {
    const found = await setup(values, how);

    expect(found).toHaveLength(expected.length);
    for (const [place, gradient] of found.entries()) expect(gradient).toBeCloseTo(expected[place] ?? 0, 4);
  });

  it('has none with respect to its scale', async () => {
    const x = input('x', 'float', [3]);
    const scale = input('scale', 'float', []);
    const whole = operation('QuantizeLinear', [x, scale]);
    const loss = operation('ReduceSum', [operation('DequantizeLinear', [whole, scale])], {
      keepdims: attribute.int(0),
    });

    const [gradient = x] = differentiate(loss, [scale]);
    const results = await runGraph(
      new Map([
        [x, floats([3], [1, 2, 3])],
        [scale, floats([], [0.1])],
      ]),
      { gradient },
    );

    expect(Array.from(results.gradient?.data ?? [], Number)).toEqual([0]);
  });

  it('refuses blocks that have a scale each', () => {
    const x = input('x', 'float', [4, 2]);
    const blocks = { axis: attribute.int(0), block_size: attribute.int(2) };
    const loss = operation(
      'ReduceSum',
      [rounded(x, { scale: floats([2, 2], [1, 1, 1, 1]), attributes: blocks })],
      {
        keepdims: attribute.int(0),
      },
    );

    expect(() => differentiate(loss, [x])).toThrow(MissingGradientError);
  });
});
