import { answeredPage } from '../../../functions/usecases/answered-page';

const anItem = (id: number, bytes: number) => ({ id, text: 'é'.repeat(bytes / 2) });
const mebibyte = 2 ** 20;

describe('a page as it is answered', () => {
  it.each([
    ['small ones are all there', [1, 1, 1], false, 3, false],
    ['and there may be more', [1, 1, 1], true, 3, true],
    ['of large ones there are as many as an answer holds', [1.5, 1.5, 1.5, 1.5], false, 2, true],
    ['none', [], false, 0, false],
  ])('%s', (_what, sizes, hasMore, expected, more) => {
    const items = sizes.map((size, id) => anItem(id, size * mebibyte));

    const page = answeredPage(items, hasMore);

    expect(page.data).toEqual(items.slice(0, expected));
    expect(page.has_more).toBe(more);
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(5 * mebibyte);
  });
});
