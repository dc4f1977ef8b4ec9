import { dequantizeTensor, quantizeTensor } from '../../../../jobs/compression/quantization/quantize-tensor';

const int8 = { symmetric: true, bits: 8, signed: true } as const;

describe('quantizeTensor', () => {
  it('gives each index along the axis the scale of its own largest weight', () => {
    const weights = Float32Array.from([1, -200, 0.5, 100, -1, 50]);

    const { values, scales, zeroPoints } = quantizeTensor(weights, [3, 2], { ...int8, axis: 1 });

    expect([...scales]).toEqual([Math.fround(1 / 127), Math.fround(200 / 127)]);
    expect([...values]).toEqual([127, -127, 64, 64, -127, 32]);
    expect([...zeroPoints]).toEqual([0, 0]);
  });

  it('uses the whole range for weights that lie on one side of zero, where it need not be symmetric', () => {
    const weights = Float32Array.from([0, 51, 102, 255]);

    const { values, scales, zeroPoints } = quantizeTensor(weights, [4], {
      symmetric: false,
      bits: 8,
      signed: false,
    });

    expect([...values]).toEqual([0, 51, 102, 255]);
    expect([...scales]).toEqual([1]);
    expect([...zeroPoints]).toEqual([0]);
  });

  it('gives each block along the axis its own scale, a short one at the end too', () => {
    const weights = Float32Array.from([7, 14, -7, 0, 70, 1]);

    const { values, scales } = quantizeTensor(weights, [1, 6], { ...int8, bits: 4, axis: 1, block: 4 });

    expect([...scales]).toEqual([2, 10]);
    expect([...values]).toEqual([4, 7, -3, 0, 7, 0]);
  });

  it.each([
    { what: 'zeros', weights: [0, 0, 0] },
    { what: 'negative zeros', weights: [-0, 0, -0] },
    { what: 'the smallest numbers there are', weights: [1.4e-45, -1.4e-45, 0] },
  ])('decodes $what to numbers that are as small', ({ weights }) => {
    const given = Float32Array.from(weights);

    const quantized = quantizeTensor(given, [3], int8);

    expect(quantized.scales[0]).toBeGreaterThan(0);
    dequantizeTensor(quantized, [3], {}).forEach((value, at) => {
      expect(Math.abs(value - (given[at] ?? 0))).toBeLessThan(1e-44);
    });
  });

  it('stays within -127 and 127 where the scale itself is rounded', () => {
    const weights = Float32Array.from({ length: 500 }, (_, at) => 1e-43 * (at - 250));

    const { values } = quantizeTensor(weights, [500], int8);

    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(127);
  });
});
