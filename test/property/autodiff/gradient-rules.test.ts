import fc from 'fast-check';
import { checkGradient } from '../../support/check-gradient';
import { gradientCases } from '../../support/gradient-cases';

const knowledge = fc.constantFrom('sizes', 'names', 'rank');

describe('gradient rules agree with central differences', () => {
  it.each(Object.entries(gradientCases))('%s', async (_, cases) => {
    const drawn = fc.record({ use: cases, seed: fc.nat(), knowledge });

    const property = fc.asyncProperty(drawn, ({ use, ...rest }) => checkGradient({ ...use, ...rest }));

    await fc.assert(property, { numRuns: 25 });
  });
});
