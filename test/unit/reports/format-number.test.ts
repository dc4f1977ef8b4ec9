import { formatDuration, formatNumber, formatShare } from '../../../jobs/reports/format-number';

describe('a number on a page', () => {
  it.each([
    [0, '0'],
    [12_345, '12,345'],
    [-3, '-3'],
    [0.93, '0.9300'],
    [12.345678, '12.35'],
    [1234.56, '1,235'],
    [0.000025, '2.5e-5'],
    [-0.0001, '-1e-4'],
    [123456789.5, '1.23e+8'],
    [1e20, '1e+20'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('is written for people: %d as %s', (value, expected) => {
    const written = formatNumber(value);

    expect(written).toBe(expected);
  });

  it.each([
    [0.5, '50.0 %'],
    [1, '100.0 %'],
    [Number.NaN, '–'],
  ])('is a share: %d as %s', (value, expected) => {
    const written = formatShare(value);

    expect(written).toBe(expected);
  });

  it.each([
    [4.23, '4.2 s'],
    [59.94, '59.9 s'],
    [723, '12 min 3 s'],
    [3_599.9, '1 h 0 min'],
    [20_400, '5 h 40 min'],
  ])('is a time: %d s as %s', (seconds, expected) => {
    const written = formatDuration(seconds);

    expect(written).toBe(expected);
  });
});
