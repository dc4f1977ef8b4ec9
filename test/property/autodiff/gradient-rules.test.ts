import fc from 'fast-check';
import { checkGradient } from '../../support/check-gradient';
import { gradientCases } from '../../support/gradient-cases';

const knowledge = fc.constantFrom('sizes', 'names', 'rank');

const table = Object.entries(gradientCases).flatMap(([domain, cases]) =>
  Object.entries(cases).map(([op, drawn]) => [domain === '' ? op : `${domain}.${op}`, drawn] as const),
);

describe('gradients agree with central differences', () => {
  it.each(table)('of %s', async (_, cases) => {
    const drawn = fc.record({ use: cases, seed: fc.nat(), knowledge });

    const law = fc.asyncProperty(drawn, ({ use, ...rest }) => checkGradient({ ...use, ...rest }));

    await fc.assert(law, { numRuns: 10 });
  });
});
