import fc from 'fast-check';
import { augmentationOf } from '../../../jobs/training/augmentation/augmentation-of';
import { randomSource } from '../../../jobs/training/random';
import { rowLength, type StoredRows } from '../../../jobs/training/row-type';
import type { AugmentationSpec } from '../../../shared/contracts/training/augmentation-spec';
import { floats, input, tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const size = 8;
const rows = 3;
const images: StoredRows = { elementType: 'uint8', dims: [size, size, 1] };

/** Each pixel tells its image, row and column. */
const pixels = Uint8Array.from({ length: rows * size * size }, (_, place) => 20 + place);

interface Asked {
  spec: AugmentationSpec;
  type?: StoredRows;
  /** In place of what would be drawn. */
  drawn?: Record<string, Tensor>;
  batch?: number;
}

async function changed({ spec, type = images, drawn, batch = 4 }: Asked) {
  const augmentation = augmentationOf(spec, type, 7);
  const features = input('features', type.elementType, [rows, ...type.dims]);
  const targets = input('targets', 'int64', [rows]);
  const number = input('number', 'int64', []);
  const all = drawn ?? firstOf(augmentation.draw(batch, 1, rows));
  const places = Object.entries(all).map(
    ([name, value]) => [name, input(name, 'float', value.dims), value] as const,
  );
  const result = augmentation.apply(
    { features, targets },
    {
      drawn: Object.fromEntries(places.map(([name, place]) => [name, place])),
      random: randomSource(1, number),
    },
  );
  const count = rows * rowLength(type);
  const data = type.elementType === 'uint8' ? pixels : Float32Array.from(pixels.subarray(0, count));
  const given = new Map<ReturnType<typeof input>, Tensor>([
    [features, tensor(type.elementType, [rows, ...type.dims], data)],
    [targets, tensor('int64', [rows], [0, 1, 2])],
    [number, tensor('int64', [], [batch])],
    ...places.map(([, place, value]) => [place, value] as const),
  ]);
  const { values } = await runGraph(given, { values: result.features });
  return { values: Array.from(values?.data ?? [], Number), mixed: result.mixed, dims: values?.dims };
}

/** Without the axis of batches. */
const firstOf = (drawn: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(drawn).map(([name, { dims, data }]) => [
      name,
      floats(dims.slice(1), Array.from(data, Number)),
    ]),
  );

const at = (values: readonly number[], image: number, row: number, column: number) =>
  values[(image * size + row) * size + column];

const everywhere = Array.from({ length: size * size }, (_, place) => [
  Math.floor(place / size),
  place % size,
]);

const matrices = (matrix: readonly number[]) => ({
  affine: floats([rows, 2, 3], [...matrix, ...matrix, ...matrix]),
});

describe('augmentation of images', () => {
  it.each([
    ['nothing', [1, 0, 0, 0, 1, 0], (row: number, column: number) => [row, column]],
    ['a flip', [-1, 0, 0, 0, 1, 0], (row: number, column: number) => [row, size - 1 - column]],
    [
      'two pixels to the left, the border going on',
      [1, 0, 4 / size, 0, 1, 0],
      (row: number, column: number) => [row, Math.min(size - 1, column + 2)],
    ],
    ['a quarter turn', [0, -1, 0, 1, 0, 0], (row: number, column: number) => [column, size - 1 - row]],
  ] as const)('moves every pixel as its matrix says: %s', async (_, matrix, from) => {
    const { values } = await changed({ spec: { shift: 0.1 }, drawn: matrices(matrix) });

    for (const [row = 0, column = 0] of everywhere) {
      const [fromRow = 0, fromColumn = 0] = from(row, column);
      expect(at(values, 1, row, column)).toBeCloseTo(at([...pixels], 1, fromRow, fromColumn) ?? 0, 3);
    }
  });

  it('blanks a square around what was drawn, and nothing else', async () => {
    const cutout = floats([rows, 2], [0.5, 0.5, 0, 0, 0.5, 1]);

    const { values } = await changed({ spec: { cutout: 0.5 }, drawn: { cutout } });

    const blanked = (image: number) => everywhere.filter(([r = 0, c = 0]) => at(values, image, r, c) === 0);
    expect(blanked(0)).toHaveLength(16);
    expect(blanked(1)).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    expect(at(values, 2, 0, 0)).toBe(at([...pixels], 2, 0, 0));
  });

  it('adds noise of the deviation that was asked for, as a part of the range of a pixel', async () => {
    const { values } = await changed({ spec: { noise: 0.1 } });

    const noise = values.map((value, place) => value - (pixels[place] ?? 0));
    const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
    expect(deviation).toBeGreaterThan(18);
    expect(deviation).toBeLessThan(33);
  });

  it.each([
    ['one for all', [50], [50, 50, 50]],
    ['one for each place, none where a number is no measurement', [5, 0, 500], [5, 0, 500]],
  ])('adds noise to other numbers in their own deviations: %s', async (_, deviations, expected) => {
    const type: StoredRows = { elementType: 'float', dims: [21, 3], deviations };

    const { values } = await changed({ spec: { noise: 1 }, type });

    const deviationOf = (place: number) => {
      const noises = values
        .map((value, index) => value - (pixels[index] ?? 0))
        .filter((_, index) => index % 3 === place);
      return Math.sqrt(noises.reduce((sum, value) => sum + value * value, 0) / noises.length);
    };
    for (const [place, deviation] of expected.entries()) {
      expect(deviationOf(place)).toBeGreaterThanOrEqual(deviation * 0.7);
      expect(deviationOf(place)).toBeLessThanOrEqual(deviation * 1.3);
    }
  });

  it('mixes each row with another by one fraction, and tells by which', async () => {
    const { values, mixed } = await changed({ spec: { mixup: 0.4 }, drawn: { mixup: floats([], [0.75]) } });

    expect(mixed).toBeDefined();
    for (const [row = 0, column = 0] of everywhere) {
      const own = at([...pixels], 0, row, column) ?? 0;
      const other = at([...pixels], 2, row, column) ?? 0;
      expect(at(values, 0, row, column)).toBeCloseTo(0.75 * own + 0.25 * other, 3);
    }
  });

  it('draws the same for a batch, whichever call it is drawn in', () => {
    const spec = { shift: 0.2, rotate: 20, cutout: 0.3, mixup: 0.2 };
    fc.assert(
      fc.property(fc.nat(2 ** 30), fc.integer({ min: 1, max: 5 }), (first, batches) => {
        const augmentation = augmentationOf(spec, images, 3);

        const atOnce = augmentation.draw(first, batches, rows);

        for (let batch = 0; batch < batches; batch++) {
          for (const [name, { dims, data }] of Object.entries(augmentation.draw(first + batch, 1, rows))) {
            const length = dims.reduce((product, length) => product * length, 1);
            const whole = Array.from(atOnce[name]?.data ?? [], Number);
            expect(whole.slice(batch * length, (batch + 1) * length)).toEqual(Array.from(data, Number));
          }
        }
      }),
    );
  });

  it('keeps to the bounds that were asked for', () => {
    const { affine } = augmentationOf({ shift: 0.25, scale: 0.5 }, images, 1).draw(0, 200, rows);
    const numbers = Array.from(affine?.data ?? [], Number);
    const every = (place: number) => numbers.filter((_, index) => index % 6 === place);

    expect(Math.max(...every(2).map(Math.abs))).toBeLessThanOrEqual(0.5);
    expect(Math.max(...every(2).map(Math.abs))).toBeGreaterThan(0.48);
    expect(Math.max(...every(0))).toBeLessThanOrEqual(2);
    expect(Math.min(...every(0))).toBeGreaterThanOrEqual(1 / 1.5 - 1e-6);
    expect(every(1).every((value) => value === 0)).toBe(true);
  });

  it.each([
    [
      'images where rows are none',
      { rotate: 10 },
      { elementType: 'float', dims: [5] },
      /rotate changes images, and a row is \[5\]; only noise and mixup change others/,
    ],
    [
      'token ids',
      { mixup: 1 },
      { elementType: 'int64', dims: [5] },
      /mixup changes numbers, and the rows are token ids/,
    ],
    [
      'token ids among floats',
      { noise: 1 },
      { elementType: 'float', dims: [5], tokenIds: true },
      /noise changes numbers, and the rows are token ids/,
    ],
    [
      'sequences by mixing them',
      { mixup: 1 },
      { elementType: 'float', dims: [5], padded: true },
      /mixup mixes rows number by number, and sequences that end at different places/,
    ],
    [
      'numbers whose deviations are not known',
      { noise: 1 },
      { elementType: 'float', dims: [5], deviations: 'unknown' },
      /noise is in deviations of the rows/,
    ],
  ] as const)('refuses to change %s', (_, spec, type, message) => {
    expect(() => augmentationOf(spec, type, 1)).toThrow(message);
  });
});
