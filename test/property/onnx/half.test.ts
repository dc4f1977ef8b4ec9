import fc from 'fast-check';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../shared/onnx/half';

const patterns = Array.from({ length: 0x10000 }, (_, pattern) => pattern);

describe('half precision', () => {
  it('gives each binary16 pattern back', () => {
    const lost = patterns.filter((pattern) => {
      const value = fromFloat16(pattern);
      return !Number.isNaN(value) && toFloat16(value) !== pattern;
    });

    expect(lost).toEqual([]);
  });

  it('gives each bfloat16 pattern back', () => {
    const lost = patterns.filter((pattern) => {
      const value = fromBfloat16(pattern);
      return !Number.isNaN(value) && toBfloat16(value) !== pattern;
    });

    expect(lost).toEqual([]);
  });

  it('rounds to the nearest neighbour', () => {
    const law = fc.property(fc.double({ min: -70000, max: 70000, noNaN: true }), (value) => {
      const pattern = toFloat16(value);
      const distance = Math.abs(fromFloat16(pattern) - value);
      const neighbours = [pattern - 1, pattern + 1].map((each) =>
        Math.abs(fromFloat16(each & 0xffff) - value),
      );

      expect(
        neighbours.every((other) => Number.isNaN(other) || distance <= other || distance === Infinity),
      ).toBe(true);
    });

    fc.assert(law);
  });
});
