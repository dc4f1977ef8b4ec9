import { choose, goalOf, withFront } from '../../../jobs/candidates/choose';
import { brokenClauses } from '../../../jobs/candidates/hold-contract';
import type { CandidateReport } from '../../../jobs/compression/compression-report';
import { candidate, contract, drop, latency, measured } from './measured';

const setup = (
  candidates: CandidateReport[],
  recipe?: 'auto' | 'fast' | 'small' | undefined,
  terms = contract,
) => {
  const original = measured();
  const held = candidates.map((each) => ({
    ...each,
    breaks: each.measured ? brokenClauses(each.measured, terms) : [],
  }));
  return choose({ candidates: held, original, contract: terms, goal: goalOf(recipe ? [recipe] : []) });
};

describe('choose', () => {
  const tiny = candidate('tiny', { bytes: 100, ...latency(1.1) });
  const quick = candidate('quick', { bytes: 900, ...latency(0.3) });

  it('takes what is best by the goal among those that keep the contract', () => {
    const spoilt = candidate('spoilt', { bytes: 1, ...latency(0.01), ...drop(0.5) });

    expect(setup([tiny, quick, spoilt]).chosen.id).toBe('tiny');
    expect(setup([tiny, quick, spoilt], 'auto').chosen.id).toBe('quick');
    expect(setup([tiny, quick, spoilt], 'fast').chosen.id).toBe('quick');
    expect(setup([tiny, quick, spoilt], 'small').chosen.id).toBe('tiny');
  });

  it('says why in numbers', () => {
    expect(setup([tiny, quick]).chosen.why).toBe(
      'of 2 candidates that keep the contract it is the best by the product of bytes and latency: 0.1 of the bytes, 1.1 of the latency',
    );
  });

  it('keeps the original where nothing keeps the contract, and names the nearest miss', () => {
    const near = candidate('near', drop(0.02));
    const far = candidate('far', { bytes: 1, ...drop(0.4) });

    const verdict = setup([far, near]);

    expect(verdict.chosen).toEqual({ id: 'original', why: 'no candidate keeps the contract' });
    expect(verdict.nearest_miss).toEqual({
      id: 'near',
      why: 'accuracy is 0.02 worse, and 0.01 is allowed',
    });
  });

  it('says so where the original breaks the contract too', () => {
    const { chosen } = setup([candidate('large')], undefined, { ...contract, max_bytes: 10 });

    expect(chosen.why).toMatch(/the original breaks it too: it has 1000 bytes, and 10 are allowed/);
  });

  it('keeps the original where the gain is no more than noise', () => {
    const { chosen } = setup([candidate('same', latency(0.99))]);

    expect(chosen).toEqual({
      id: 'original',
      why: expect.stringMatching(/none is better than the original by the product/),
    });
  });

  it('takes a larger form where the original alone breaks the contract', () => {
    const slowButSmall = candidate('slow', { bytes: 400, ...latency(4) });

    const { chosen } = setup([slowButSmall], undefined, { ...contract, max_bytes: 500 });

    expect(brokenClauses(measured(), { ...contract, max_bytes: 500 })).toHaveLength(1);
    expect(chosen.id).toBe('slow');
  });

  it('wants no slower model where a recipe was asked for, and says what else to ask for', () => {
    const { chosen } = setup([tiny], 'auto');

    expect(chosen).toEqual({
      id: 'original',
      why: expect.stringMatching(/1 of them are slower.*recipe 'small'/),
    });
  });

  it('leaves out what failed', () => {
    const { measured: _, ...failed } = candidate('failed');

    expect(setup([{ ...failed, failed: 'it crashed' }]).chosen.id).toBe('original');
  });
});

describe('withFront', () => {
  it('marks what nothing else beats in all of bytes, latency and drop', () => {
    const better = candidate('better', { bytes: 500, ...latency(0.5) });
    const worse = candidate('worse', { bytes: 600, ...latency(0.6) });
    const exact = candidate('exact', { bytes: 600, ...latency(0.6), ...drop(-0.1) });

    const marked = withFront([better, worse, exact], measured());

    expect(marked.map(({ id, on_front: front }) => [id, front])).toEqual([
      ['better', true],
      ['worse', false],
      ['exact', true],
    ]);
  });
});
