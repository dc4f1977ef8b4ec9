import fc from 'fast-check';
import { sample, thin } from '../../../jobs/reports/thin';

const lists = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 400 });
const itself = (value: number) => value;

describe('what is shown of a long list', () => {
  it('is all of a short one', () => {
    const items = [3, 1, 2];

    const shown = [thin(items, 3, itself), sample(items, 3)];

    expect(shown).toEqual([items, items]);
  });

  it('has the first, the last, the highest and the lowest item, in order, and not too many', () => {
    const law = fc.property(lists, fc.integer({ min: 4, max: 50 }), (numbers, most) => {
      const items = numbers.map((value, index) => ({ value, index }));

      const shown = thin(items, most, ({ value }) => value);

      const values = shown.map(({ value }) => value);
      const places = shown.map(({ index }) => index);
      expect(shown.length).toBeLessThanOrEqual(most);
      expect([shown[0], shown.at(-1)]).toEqual([items[0], items.at(-1)]);
      expect([Math.min(...values), Math.max(...values)]).toEqual([
        Math.min(...numbers),
        Math.max(...numbers),
      ]);
      expect(places).toEqual([...places].sort((a, b) => a - b));
    });

    fc.assert(law);
  });

  it('is evenly spaced where people read it row by row', () => {
    const law = fc.property(lists, fc.integer({ min: 2, max: 50 }), (numbers, most) => {
      const items = numbers.map((_, index) => index);

      const shown = sample(items, most);

      const gaps = shown.slice(1).map((place, index) => place - (shown[index] ?? 0));
      expect(shown).toHaveLength(Math.min(items.length, most));
      expect([shown[0], shown.at(-1)]).toEqual([0, items.length - 1]);
      if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
    });

    fc.assert(law);
  });
});
