import {
  heldOutPicker,
  heldOutWindows,
  trainingPicker,
  trainingWindows,
} from '../../../../jobs/training/language-model/token-windows';
import { input, tensor } from '../../../../shared/onnx/build';
import { runGraph } from '../../../support/run-graph';

const ids = Uint16Array.from({ length: 101 }, (_, place) => place);

async function only<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('trainingWindows', () => {
  it.each([
    [101, 8, 11],
    [9, 8, 1],
    [20, 8, 1],
  ])(
    'cuts %d tokens into windows of %d that lie side by side, none of them over the end',
    async (tokens, context, count) => {
      const [chunk] = await only(trainingWindows(ids.subarray(0, tokens), context, 1).epoch(0));

      const starts = [...(chunk?.order ?? [])].sort((a, b) => a - b);
      expect(starts).toHaveLength(count);
      expect(starts.every((start, place) => start === (starts[0] ?? 0) + place * context)).toBe(true);
      expect((starts.at(-1) ?? Number.NaN) + context).toBeLessThan(tokens);
    },
  );

  it('cuts the same epoch at the same places, and another at others', async () => {
    const windows = trainingWindows(ids, 8, 1);

    const [first, again, next] = [
      await only(windows.epoch(3)),
      await only(trainingWindows(ids, 8, 1).epoch(3)),
      await only(windows.epoch(4)),
    ];

    expect(again[0]?.order).toEqual(first[0]?.order);
    expect(next[0]?.order).not.toEqual(first[0]?.order);
  });

  it('picks what lies there, and as targets what follows each of it', async () => {
    const [chunk] = await only(trainingWindows(ids, 3, 1).epoch(0));
    const { inputs, pick } = trainingPicker(3);
    const indices = input('indices', 'int32', [2]);
    const [tokens] = inputs;
    if (chunk === undefined || tokens === undefined) throw new Error('there is a chunk and an input');

    const { features, targets } = pick(indices);
    const result = await runGraph(
      new Map([
        [tokens, chunk.features],
        [indices, tensor('int32', [2], Int32Array.of(5, 40))],
      ]),
      { picked: features, following: targets },
    );

    expect(Array.from(result.picked?.data ?? [], Number)).toEqual([5, 6, 7, 40, 41, 42]);
    expect(Array.from(result.following?.data ?? [], Number)).toEqual([6, 7, 8, 41, 42, 43]);
  });
});

describe('heldOutWindows', () => {
  it('covers the text side by side, and leaves out what fills no window', async () => {
    const { inputs, pick } = heldOutPicker(30);
    const numbers = input('indices', 'int32', ['batch']);
    const [tokens] = inputs;
    const [chunk] = await only(heldOutWindows(ids, 30)());
    if (chunk === undefined || tokens === undefined) throw new Error('there is a chunk and an input');

    const { targets } = pick(numbers);
    const all = Int32Array.from({ length: chunk.rows }, (_, row) => row);
    const result = await runGraph(
      new Map([
        [tokens, chunk.features],
        [numbers, tensor('int32', [chunk.rows], all)],
      ]),
      { targets },
    );

    const expected = Array.from({ length: 90 }, (_, place) => place + 1);
    expect(Array.from(result.targets?.data ?? [], Number)).toEqual(expected);
  });

  it('hands out a long text a bounded number of tokens at a time', async () => {
    const long = new Uint16Array(50_001);

    const chunks = await only(heldOutWindows(long, 100)());

    expect(chunks.reduce((sum, { rows }) => sum + rows, 0)).toBe(500);
    expect(Math.max(...chunks.map(({ rows }) => rows))).toBeLessThanOrEqual(20);
  });
});
