import { isBrokenByDrop } from '../../../jobs/candidates/hold-contract';
import { type SearchOptions, search } from '../../../jobs/candidates/search';
import type { Measured } from '../../../jobs/compression/compression-report';
import { type StepSpec, stepSpec } from '../../../shared/contracts/compression/step-spec';
import type { MethodSpec } from '../../../shared/contracts/kinds/compress';
import { candidate, contract, drop, latency, measured } from './measured';

type Numbers = (steps: readonly StepSpec[]) => Partial<Measured>;

/** A search over forms that a table, and no model, knows the numbers of. */
const setup = async (numbersOf: Numbers, options: Partial<SearchOptions> = {}) => {
  const tried: string[] = [];
  const kept: number[] = [];
  const { tried: found, untried } = await search({
    methods: ['auto'],
    async tryOut(steps) {
      const name = steps.map((step) => step.name).join(' + ');
      const numbers = measured(numbersOf(steps));
      tried.push(name);
      kept.push(...steps.flatMap((step) => ('keep' in step ? step.keep.length : [])));
      const broken = isBrokenByDrop(numbers, contract) ? ['worse'] : [];
      return { ...candidate(name), steps, measured: numbers, breaks: broken };
    },
    rankLayers: async () => ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
    scoreOf: ({ bytes, latency_milliseconds: { p50 } }) => Math.log((bytes / 1_000) * p50),
    breaksByDrop: ({ measured: numbers }) => numbers !== undefined && isBrokenByDrop(numbers, contract),
    hasSamples: true,
    isOver: () => false,
    ...options,
  });
  return { found, untried, tried, kept };
};

const keepOf = (steps: readonly StepSpec[]): readonly string[] =>
  steps.flatMap((step) => ('keep' in step ? step.keep : []));

describe('search', () => {
  it('tries what is asked for in its order, and nothing twice', async () => {
    const step = stepSpec.parse({ name: 'float16' });
    const methods: MethodSpec[] = [step, [step], [step, stepSpec.parse({ name: 'int8_dynamic' })]];

    const { tried } = await setup(() => ({}), { methods });

    expect(tried).toEqual(['float16', 'float16 + int8_dynamic']);
  });

  it('goes on from what was found where a form was tried before', async () => {
    const half = { name: 'prune_channels', fraction: 0.5, rounds: 2, recovery: { learning_rate: 0.002 } };
    const { found } = await setup(() => ({}), { methods: [stepSpec.parse(half), 'auto'] });

    const fractions = found.flatMap(({ steps: [step] }) =>
      step?.name === 'prune_channels' ? step.fraction : [],
    );
    expect(fractions).toEqual([0.5, 0.5]);
  });

  it('leaves the worst layers in floats, as many as it takes', async () => {
    const { tried, kept } = await setup((steps) =>
      steps[0]?.name === 'int8_dynamic' ? { bytes: 300, ...drop(keepOf(steps).includes('d') ? 0 : 0.1) } : {},
    );

    expect(tried.filter((name) => name === 'int8_dynamic')).toHaveLength(4);
    expect(Math.max(...kept)).toBe(4);
  });

  it('does not mend what would be no better than what keeps the contract', async () => {
    const { kept } = await setup(([step]) =>
      step?.name === 'int8_dynamic' ? { bytes: 900, ...drop(0.1) } : { bytes: 100 },
    );

    expect(Math.max(...kept)).toBe(0);
  });

  it('looks for other ranges where those of static int8 spoil it', async () => {
    const { found } = await setup(([step]) => {
      if (step?.name !== 'int8_static') return {};
      return { bytes: 250, ...drop(step.calibration.method === 'entropy' ? 0 : 0.1) };
    });

    const methods = found.flatMap(({ steps: [step] }) =>
      step?.name === 'int8_static' ? step.calibration.method : [],
    );
    expect(methods).toEqual(expect.arrayContaining(['minmax', 'percentile', 'entropy']));
  });

  it('trains the weights for int8 where nothing else helps, and prunes', async () => {
    const { tried } = await setup(([step]) =>
      step?.name === 'int8_static' ? { bytes: 250, ...drop(0.1) } : {},
    );

    expect(tried).toContain('quantization_aware');
    expect(tried).toContain('prune_channels + int8_static');
  });

  it('trains nothing where there are no rows to learn from', async () => {
    const { tried } = await setup(() => ({}), { hasSamples: false });

    expect(tried).not.toContain('prune_channels');
  });

  it('prunes less where half is too much', async () => {
    const { found } = await setup(([step]) =>
      step?.name === 'prune_channels' ? { ...latency(0.5), ...drop(step.fraction > 0.3 ? 0.1 : 0) } : {},
    );

    const fractions = found.flatMap(({ steps: [step] }) =>
      step?.name === 'prune_channels' ? step.fraction : [],
    );
    expect(fractions).toEqual([0.5, 0.25, 0.25]);
  });

  it('begins no candidate when the time is up', async () => {
    const { tried, untried } = await setup(() => ({}), { isOver: () => true });

    expect(tried).toEqual([]);
    expect(untried).toBe(true);
  });
});
