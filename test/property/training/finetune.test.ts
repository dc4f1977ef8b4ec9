import fc from 'fast-check';
import { operatedOn, smallNetwork, trainedBy } from '../../support/small-network';

const rows = 48;
const steps = 6;

const frozen = fc.constantFrom<string[]>(
  ['conv.*'],
  ['conv.*', 'norm.*'],
  ['conv.*', 'norm.*', 'hidden.weight'],
  ['hidden.*'],
  ['*'],
);

describe('fine-tuning', () => {
  it('comes to the same weights whether frozen layers are run once per row or in every step', async () => {
    await fc.assert(
      fc.asyncProperty(frozen, fc.boolean(), async (freeze, normalised) => {
        const fitting = normalised ? freeze : freeze.filter((pattern) => pattern !== 'norm.*');
        const source = smallNetwork({ normalised });

        const cached = operatedOn(source, { spec: { freeze: fitting } });
        const whole = operatedOn(source, { spec: { freeze: fitting }, augmented: true });
        const [once, each] = [await trainedBy(cached, rows, steps), await trainedBy(whole, rows, steps)];

        expect(cached.prefix.cachedLayers > 0).toBe(!fitting.includes('hidden.*'));
        expect(whole.prefix.cachedLayers).toBe(0);
        for (const [index, { data }] of once.entries())
          for (const [place, value] of Array.from(data, Number).entries())
            expect(value).toBeCloseTo(Number(each[index]?.data[place]), 4);
      }),
      { numRuns: 12 },
    );
  });
});
