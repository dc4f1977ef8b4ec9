import { checkTarget, checkTextTarget } from '../../../shared/datasets/check-target';
import { UnusableDataError } from '../../../shared/errors/job-errors';

const rows = 100_000;

describe('a target', () => {
  it.each(['numbers', 'image', 'timestamp'] as const)('refuses a column of type %s', (type) => {
    const check = () => checkTarget({ name: 'y', type, task: undefined, rows, present: rows, distinct: 10 });

    expect(check).toThrow(UnusableDataError);
    expect(check).toThrow(/the target 'y' holds .*; give a text, boolean or number column/);
  });
});

describe('the text of a language model', () => {
  it('may have as many different rows as it likes', () => {
    const check = () => checkTextTarget({ name: 'text', type: 'text', rows, present: rows });

    expect(check).not.toThrow();
  });

  it.each([
    {
      type: 'number' as const,
      present: rows,
      says: /is of type number, and a language model learns from text/,
    },
    { type: 'numbers' as const, present: rows, says: /is of type numbers/ },
    { type: 'text' as const, present: 0, says: /is missing in all 100000 rows/ },
  ])('refuses a column of type $type with $present values', ({ type, present, says }) => {
    const check = () => checkTextTarget({ name: 'text', type, rows, present });

    expect(check).toThrow(UnusableDataError);
    expect(check).toThrow(says);
  });
});
