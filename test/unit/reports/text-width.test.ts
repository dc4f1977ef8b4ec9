import { textWidth } from '../../../jobs/reports/text-width';

describe('how wide a text is at most', () => {
  it.each([
    ['', 0],
    ['iiii', 16],
    ['nnnn', 25.6],
    ['WWWW', 39.2],
    ['企鹅', 20],
    ['🐧', 10],
    ['e\u0301', 6.4],
  ])('%j at ten pixels: %d', (text, expected) => {
    const width = textWidth(text, 10);

    expect(width).toBeCloseTo(expected);
  });

  it('grows with the size of the font', () => {
    const widths = [10, 20].map((size) => textWidth('species', size));

    expect(widths[1]).toBeCloseTo(2 * (widths[0] ?? 0));
  });
});
