import type { ColumnValues } from '../../../jobs/datasets/column-values';
import { rowFeeds } from '../../../jobs/evaluation/row-feeds';
import type { ModelSignature } from '../../../shared/contracts/model';
import { UnusableDataError } from '../../../shared/errors/job-errors';
import { pngOf } from '../../support/make-zip';

type Field = ModelSignature['inputs'][number];

/** Lists as a chunk of rows has them. */
const lists = (...rows: readonly (readonly number[])[]): ColumnValues => ({
  kind: 'lists',
  values: Float32Array.from(rows.flat()),
  offsets: Uint32Array.from([0, ...rows.map((_, row) => rows.slice(0, row + 1).flat().length)]),
});

async function fed(field: Partial<Field>, values: ColumnValues, rows: number) {
  const whole: Field = { name: 'x', type: 'number', element_type: 'float', shape: [], ...field };
  const signature: ModelSignature = { task: 'other', inputs: [whole], outputs: [] };
  const { x } = await rowFeeds(signature, { rows, columns: { x: values } });
  return { dims: x?.dims, data: Array.from<unknown>(x?.data ?? []) };
}

const none = Number.NaN;

describe('rows as what a caller would have sent', () => {
  it('fills lists up where the signature says with what, and cuts longer ones at their end', async () => {
    const values = lists([1, 2], [], [3, 4, 5, 6]);

    const [floats, tokens] = await Promise.all([
      fed({ shape: [3], padding: null }, values, 3),
      fed({ shape: [3], padding: -1, element_type: 'int64' }, values, 3),
    ]);

    expect(floats).toEqual({ dims: [3, 3], data: [1, 2, none, none, none, none, 3, 4, 5] });
    expect(tokens).toEqual({ dims: [3, 3], data: [1n, 2n, -1n, -1n, -1n, -1n, 3n, 4n, 5n] });
  });

  it('reads lists as nested arrays, row by row', async () => {
    const values = lists([1, 2, 3, 4], [5, 6, 7, 8]);

    const bytes = await fed({ shape: [2, 2], element_type: 'uint8' }, values, 2);

    expect(bytes).toEqual({ dims: [2, 2, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] });
  });

  it('reads the pixels of images, channels last', async () => {
    const encoded = [
      await pngOf({ width: 2, height: 2, values: [0, 50, 100, 150] }),
      await pngOf({ width: 2, height: 2, values: [200, 210, 220, 255] }),
    ];

    const pixels = await fed({ shape: [2, 2, 1], element_type: 'uint8' }, { kind: 'images', encoded }, 2);

    expect(pixels).toEqual({ dims: [2, 2, 2, 1], data: [0, 50, 100, 150, 200, 210, 220, 255] });
  });

  it.each<{ what: string; field: Partial<Field>; values: ColumnValues; says: string }>([
    {
      what: 'a list of another length where nothing fills it up',
      field: { shape: [3] },
      values: lists([1, 2]),
      says: 'has a list of 2 numbers, where the model reads 3',
    },
    {
      what: 'half a step',
      field: { shape: [3, 2], padding: null },
      values: lists([1, 2, 3]),
      says: 'has a list of 3 numbers, where the model reads a multiple of 2',
    },
    {
      what: 'a number that is no pixel',
      field: { shape: [1, 1, 1], element_type: 'uint8' },
      values: lists([256]),
      says: 'must be a whole number from 0 to 255, got 256',
    },
    {
      what: 'one number for a list',
      field: { shape: [2] },
      values: Float32Array.from([1]),
      says: 'has one value in each row',
    },
    {
      what: 'a row without an image',
      field: { shape: [2, 2, 1], element_type: 'uint8' },
      values: { kind: 'images', encoded: [new Uint8Array()] },
      says: 'has a row without an image',
    },
  ])('refuses $what', async ({ field, values, says }) => {
    const refused = fed(field, values, 1);

    await expect(refused).rejects.toThrow(UnusableDataError);
    await expect(refused).rejects.toThrow(says);
  });
});
