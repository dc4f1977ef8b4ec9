import fc from 'fast-check';
import { nameMatcher } from '../../../jobs/training/name-patterns';

const few = fc.stringMatching(/^[ab.]{0,6}$/);
const withStars = fc.array(few, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('*'));

/** What a pattern means, by a regular expression. */
const meaning = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll('.', '\\.'))
      .join('.*')}$`,
  );

describe('patterns of names', () => {
  it('stand for any characters where they have a star, and for themselves elsewhere', () => {
    fc.assert(
      fc.property(withStars, few, few, (pattern, before, behind) => {
        for (const name of [before + behind, pattern.replaceAll('*', before), pattern.replaceAll('*', '')])
          expect(nameMatcher([pattern])(name)).toBe(meaning(pattern).test(name));
      }),
      { numRuns: 2000 },
    );
  });

  it('fit where any one of them does', () => {
    const isMeant = nameMatcher(['head.*', '*.bias']);

    expect(['head.weight', 'a.bias', 'a.weight'].map(isMeant)).toEqual([true, true, false]);
    expect(nameMatcher([])('a')).toBe(false);
  });

  it('take no longer for many stars', () => {
    const pattern = `${'*a'.repeat(149)}*b`;

    expect(nameMatcher([pattern])('a'.repeat(300))).toBe(false);
  });
});
