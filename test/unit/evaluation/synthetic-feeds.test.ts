import { syntheticFeeds } from '../../../jobs/evaluation/synthetic-feeds';

describe('syntheticFeeds', () => {
  it('gives open axes the rows in front and one behind', () => {
    const feeds = syntheticFeeds([{ name: 'x', elementType: 'float', shape: ['batch', 3, 'length'] }], 4);

    expect(feeds?.x?.dims).toEqual([4, 3, 1]);
    expect(feeds?.x?.data).toHaveLength(12);
  });

  it.each([
    ['of a type that cannot be made', { name: 'x', elementType: 'int4' as const, shape: [1] }],
    ['larger than a request could be', { name: 'x', elementType: 'float' as const, shape: [1e9, 1e9] }],
    ['so large that it might be there', { name: 'x', elementType: 'float' as const, shape: [2 ** 29] }],
  ])('makes nothing for an input %s', (_, input) => {
    const feeds = syntheticFeeds([input], 1);

    expect(feeds).toBeUndefined();
  });
});
