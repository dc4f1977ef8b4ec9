import { textRows } from '../../../jobs/candidates/text-rows';
import type { SampleBatch } from '../../../jobs/compression/samples';
import type { ModelSignature } from '../../../shared/contracts/model';
import { UnusableDataError } from '../../../shared/errors/job-errors';

const signature: ModelSignature = {
  task: 'classification',
  inputs: [
    {
      name: 'tokens',
      type: 'integer',
      element_type: 'int64',
      shape: [-1],
      padding: -1,
      tokens: 'characters',
    },
  ],
  outputs: [],
  target: 'text',
  classes: ['a', 'b', 'c', '\ufffd'],
};

const split = { seed: 1, validation_fraction: 0.1, test_fraction: 0.1 };

const setup = (text: string) =>
  textRows({ signature, kind: 'characters', text, context: 3, split, batchRows: 4 });

async function all(batches: AsyncIterable<SampleBatch>): Promise<SampleBatch[]> {
  const found: SampleBatch[] = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

describe('textRows', () => {
  it('gives windows, and the token behind each as its label', async () => {
    const { samples } = setup('abcabcabcabcabcabcabcabcabcabcabcabcabca'.repeat(2));

    const [first] = await all(samples.read(4));

    expect(first?.rows).toBe(4);
    const ids = Array.from(first?.feeds.tokens?.data ?? [], Number);
    const labels = Array.from(first?.labels?.data ?? [], Number);
    for (const [row, label] of labels.entries()) expect(label).toBe(((ids[row * 3 + 2] ?? 0) + 1) % 3);
  });

  it('judges by what stands behind the text that was learned from', async () => {
    const { judged, samples } = setup(`${'a'.repeat(80)}${'b'.repeat(10)}${'c'.repeat(10)}`);

    const tokens = async (batches: AsyncIterable<SampleBatch>) =>
      new Set((await all(batches)).flatMap(({ feeds }) => Array.from(feeds.tokens?.data ?? [], Number)));

    expect(await tokens(samples.read(1_000))).toEqual(new Set([0]));
    expect(await tokens(judged.read(1_000))).toEqual(new Set([2]));
  });

  it('reads what the model has no token for as the last of its symbols', async () => {
    const { samples } = setup('x'.repeat(100));

    const [first] = await all(samples.read(1));

    expect(Array.from(first?.feeds.tokens?.data ?? [], Number)).toEqual([3, 3, 3]);
  });

  it('refuses a text that has no whole window to judge by', () => {
    expect(() => setup('abcabcabc')).toThrow(UnusableDataError);
  });
});
