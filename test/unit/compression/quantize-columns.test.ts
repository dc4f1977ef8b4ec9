import { quantizeColumns, transpose } from '../../../jobs/compression/quantize-columns';

describe('quantizeColumns', () => {
  it('gives each column the scale of its own largest weight', () => {
    const weights = Float32Array.from([1, -200, 0.5, 100, -1, 50]);

    const { values, scales } = quantizeColumns(weights, 2);

    expect([...scales]).toEqual([Math.fround(1 / 127), Math.fround(200 / 127)]);
    expect([...values]).toEqual([127, -127, 64, 64, -127, 32]);
  });

  it.each([
    { what: 'zeros', weights: [0, 0, 0] },
    { what: 'negative zeros', weights: [-0, 0, -0] },
    { what: 'the smallest numbers there are', weights: [1.4e-45, -1.4e-45, 0] },
  ])('decodes $what to numbers that are as small', ({ weights }) => {
    const given = Float32Array.from(weights);

    const { values, scales } = quantizeColumns(given, 1);

    expect(scales[0]).toBeGreaterThan(0);
    values.forEach((value, at) => {
      expect(Math.abs(value * (scales[0] ?? 1) - (given[at] ?? 0))).toBeLessThan(1e-44);
    });
  });

  it('stays within -127 and 127 where the scale itself is rounded', () => {
    const weights = Float32Array.from({ length: 500 }, (_, at) => 1e-43 * (at - 250));

    const { values } = quantizeColumns(weights, 1);

    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(127);
  });
});

describe('transpose', () => {
  it('turns columns into rows', () => {
    const stored = Float32Array.from([1, 2, 3, 4, 5, 6]);

    const turned = transpose(stored, 3, 2);

    expect([...turned]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});
