import sharp from 'sharp';
import type { ColumnValues } from '../../../jobs/datasets/column-values';
import { rowFeeds } from '../../../jobs/evaluation/row-feeds';
import type { ModelSignature } from '../../../shared/contracts/model';
import { UnusableDataError } from '../../../shared/errors/job-errors';

type Field = ModelSignature['inputs'][number];

const feed = async (field: Partial<Field>, values: ColumnValues, rows: number) => {
  const input: Field = { name: 'x', type: 'number', element_type: 'float', shape: [], ...field };
  const feeds = await rowFeeds(
    { task: 'other', inputs: [input], outputs: [] },
    { rows, rowNumbers: Float64Array.of(6, 11), columns: { x: values } },
  );
  return feeds.x;
};

const lists = (...rows: number[][]): ColumnValues => ({
  kind: 'lists',
  values: Float32Array.from(rows.flat()),
  offsets: Uint32Array.from([0, ...rows.map((_, index) => rows.slice(0, index + 1).flat().length)]),
});

const images = (...encoded: Uint8Array[]): ColumnValues => ({ kind: 'images', encoded });

describe('rowFeeds', () => {
  it.each([
    ['int64', BigInt64Array.of(1n, 0n)],
    ['bool', Uint8Array.of(1, 0)],
    ['double', Float64Array.of(1, 0)],
    ['float16', Uint16Array.of(0x3c00, 0)],
  ])('gives numbers as %s', async (element_type, data) => {
    const fed = await feed({ element_type }, Float32Array.of(1, 0), 2);

    expect(fed).toEqual({ elementType: element_type, dims: [2], data });
  });

  it('gives lists of the length that the model reads in its shape', async () => {
    const fed = await feed({ shape: [2, 2] }, lists([1, 2, 3, 4], [5, 6, 7, 8]), 2);

    expect(fed).toEqual({
      elementType: 'float',
      dims: [2, 2, 2],
      data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    });
  });

  it('fills up and cuts lists where the model says with what', async () => {
    const fed = await feed({ shape: [3], element_type: 'int64', padding: 0 }, lists([7], [1, 2, 3, 4]), 2);

    expect(fed?.data).toEqual(BigInt64Array.of(7n, 0n, 0n, 1n, 2n, 3n));
  });

  it.each([
    ['last', [2, 2, 3], [10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30]],
    ['first', [3, 2, 2], [10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30]],
  ])('gives images as pixels with the channels %s', async (_, shape, pixels) => {
    const background = { r: 10, g: 20, b: 30 };
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
      .png()
      .toBuffer();

    const fed = await feed({ shape }, { kind: 'images', encoded: [png] }, 1);

    expect(fed).toEqual({ elementType: 'float', dims: [1, ...shape], data: Float32Array.from(pixels) });
  });

  it.each([
    ['text for numbers', {}, ['a', 'b'], /it is text/],
    [
      'a missing value where there is none',
      { element_type: 'int64' },
      Float32Array.of(1, Number.NaN),
      /the value of row 12 is missing/,
    ],
    [
      'a part of a whole number',
      { element_type: 'int32' },
      Float32Array.of(1, 0.5),
      /the value of row 12 must be a whole number/,
    ],
    [
      'a list of another length',
      { shape: [3] },
      lists([1, 2, 3], [3, 4]),
      /^the column 'x' cannot be fed to the model's input of float: row 12 has a list of 2 numbers, where the model reads 3$/,
    ],
    [
      'a missing value in a list',
      { shape: [2], element_type: 'int64' },
      lists([1, 2], [3, Number.NaN]),
      /the value of row 12 is missing/,
    ],
    [
      'an image that is none',
      { shape: [2, 2, 3] },
      images(new Uint8Array(3), new Uint8Array(3)),
      /^the image of 'x' in row (7|12) of 3 bytes cannot be decoded/,
    ],
    [
      'a row without an image',
      { shape: [2, 2, 3] },
      images(new Uint8Array(3), new Uint8Array()),
      /row 12 has no image/,
    ],
    ['one number for a list', { shape: [3] }, Float32Array.of(1, 2), /one value in each row/],
    ['a type of no column', { element_type: 'complex64' }, Float32Array.of(1, 2), /is of complex64/],
  ])('refuses %s', async (_, field, values, words) => {
    const fed = feed(field, values, 2);

    await expect(fed).rejects.toThrow(UnusableDataError);
    await expect(fed).rejects.toThrow(words);
  });
});
