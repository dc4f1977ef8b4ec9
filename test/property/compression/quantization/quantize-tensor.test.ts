import fc from 'fast-check';
import {
  dequantizeTensor,
  quantizeTensor,
  type TensorForm,
} from '../../../../jobs/compression/quantization/quantize-tensor';
import { quantizeBlocks } from '../../../../jobs/compression/quantization/weight-only/quantize-blocks';

const bits = fc.constantFrom<TensorForm['bits']>(8, 7, 4, 2);
const forms = fc
  .record({
    dims: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
    symmetric: fc.boolean(),
    lopsided: fc.boolean(),
    signed: fc.boolean(),
    bits,
    pick: fc.nat(),
    grouping: fc.constantFrom('tensor', 'axis', 'block'),
    block: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ dims, pick, grouping, block, ...form }) => {
    const size = dims.reduce((count, each) => count * each, 1);
    const axis = pick % dims.length;
    const groups = { tensor: {}, axis: { axis }, block: { axis, block } }[grouping];
    const value = fc.float({ min: -1000, max: 1000, noNaN: true });
    return fc.record({
      dims: fc.constant(dims),
      form: fc.constant<TensorForm>({ ...form, ...groups }),
      values: fc.array(value, { minLength: size, maxLength: size }).map((each) => Float32Array.from(each)),
    });
  });

/** The group of each element, found the slow way: by its coordinates. */
function groupNames(dims: readonly number[], { axis, block }: TensorForm): string[] {
  const size = dims.reduce((count, each) => count * each, 1);
  return Array.from({ length: size }, (_, at) => {
    let rest = at;
    const place = dims.toReversed().map((length) => {
      const along = rest % length;
      rest = Math.floor(rest / length);
      return along;
    });
    place.reverse();
    if (axis === undefined) return 'all';
    if (block === undefined) return String(place[axis]);
    return place.with(axis, Math.floor((place[axis] ?? 0) / block)).join();
  });
}

const ranges = {
  true: { 8: [-128, 127], 7: [-64, 64], 4: [-8, 7], 2: [-2, 1] },
  false: { 8: [0, 255], 7: [0, 127], 4: [0, 15], 2: [0, 3] },
} as const;

type Ends = readonly [number, number];

function halfStepOf({ symmetric, lopsided }: TensorForm, [low, high]: Ends, [least, most]: Ends): number {
  if (!symmetric) return (most - least) / (high - low) / 2;
  const steps = lopsided && high - low !== 128 ? (high - low + 1) >> 1 : (high - low) >> 1;
  return Math.max(-least, most) / steps / 2;
}

describe('floats as whole numbers', () => {
  it('are within half a step of their group from what they were', () => {
    fc.assert(
      fc.property(forms, ({ dims, form, values }) => {
        const quantized = quantizeTensor(values, dims, form);

        const again = dequantizeTensor(quantized, dims, form);

        const names = groupNames(dims, form);
        const [low, high] = ranges[`${form.signed}`][form.bits];
        again.forEach((value, at) => {
          const own = values.filter((_, other) => names[other] === names[at]);
          const [least, most] = [Math.min(0, ...own), Math.max(0, ...own)];
          const halfStep = halfStepOf(form, [low, high], [least, most]);
          const isFar = form.symmetric && form.lopsided && (values[at] ?? 0) * (-least > most ? 1 : -1) > 0;
          const allowed = isFar ? 2 * halfStep : halfStep;
          expect(Math.abs(value - (values[at] ?? 0))).toBeLessThanOrEqual(allowed * (1 + 1e-4) + 1e-40);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('use no number that their bits cannot hold, and have one scale for each group', () => {
    fc.assert(
      fc.property(forms, ({ dims, form, values }) => {
        const { values: whole, scales, zeroPoints } = quantizeTensor(values, dims, form);

        const [low, high] = ranges[`${form.signed}`][form.bits];
        expect(whole.every((value) => value >= low && value <= high)).toBe(true);
        expect(zeroPoints.every((value) => value >= low && value <= high)).toBe(true);
        expect(scales.every((scale) => (form.lopsided ? scale !== 0 : scale > 0))).toBe(true);
        expect(scales).toHaveLength(new Set(groupNames(dims, form)).size);
        expect(zeroPoints).toHaveLength(scales.length);
        expect(whole).toBeInstanceOf(form.signed ? Int8Array : Uint8Array);
      }),
      { numRuns: 40 },
    );
  });

  it('stay what they are when quantized again around zero', () => {
    fc.assert(
      fc.property(forms, ({ dims, form: drawn, values }) => {
        const form = { ...drawn, symmetric: true, lopsided: false };
        const once = dequantizeTensor(quantizeTensor(values, dims, form), dims, form);

        const twice = dequantizeTensor(quantizeTensor(once, dims, form), dims, form);

        twice.forEach((value, at) => {
          const before = once[at] ?? 0;
          expect(Math.abs(value - before)).toBeLessThanOrEqual(Math.abs(before) * 1e-5 + 1e-40);
        });
      }),
      { numRuns: 40 },
    );
  });
});

const blocks = fc
  .record({
    bits: fc.constantFrom<8 | 4 | 2>(8, 4, 2),
    block: fc.constantFrom(16, 32),
    symmetric: fc.boolean(),
    count: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ block, count, ...form }) => {
    const value = fc.float({ min: -10, max: 10, noNaN: true });
    const numbers = fc.array(value, { minLength: block * count, maxLength: block * count });
    return fc.record({
      form: fc.constant({ ...form, block }),
      matrix: numbers.map((each) => Float32Array.from(each)),
    });
  });

describe('blocks of a few bits', () => {
  it('are never further from what they were than by plain rounding', () => {
    fc.assert(
      fc.property(blocks, ({ form, matrix }) => {
        const { bits, block, symmetric } = form;
        const dims = [matrix.length / block, block];
        const errorOf = (quantized: ReturnType<typeof quantizeBlocks>, which: number) =>
          dequantizeTensor(quantized, dims, { axis: 0 })
            .subarray(which * block, (which + 1) * block)
            .reduce((sum, value, at) => sum + (value - (matrix[which * block + at] ?? 0)) ** 2, 0);
        const plain = quantizeTensor(matrix, dims, { axis: 0, bits, symmetric, signed: false });

        const quantized = quantizeBlocks(matrix, form);

        for (let which = 0; which < matrix.length / block; which++)
          expect(errorOf(quantized, which)).toBeLessThanOrEqual(errorOf(plain, which) * (1 + 1e-6));
        expect(quantized.values.every((value) => value < 2 ** bits)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
