import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** What random numbers are for: those of different purposes have nothing to do with each other, whatever the seed. */
const purposes = {
  initial_weights: 1,
  shuffle: 2,
  window_start: 3,
  affine: 4,
  cutout: 5,
  mixup: 6,
  network: 7,
  augmentation: 8,
  sample: 9,
} as const;
export type Purpose = keyof typeof purposes;

export type SeededGenerator = ReturnType<typeof xoroshiro128plusFromState>;

/** Wellons' lowbias32: an integer hash whose bits are as good as independent. */
function hashed(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x7feb_352d);
  const second = Math.imul(first ^ (first >>> 15), 0x846c_a68b);
  return (second ^ (second >>> 16)) >>> 0;
}

const golden = 0x9e37_79b9;

/** A whole number of 32 bits for each seed, purpose and list of numbers, in the order of the list. */
export const seedOf = (seed: number, purpose: Purpose, ...numbers: readonly number[]): number =>
  [purposes[purpose], ...numbers].reduce(
    (key, number) => hashed((hashed(number | 0) + Math.imul(key, golden)) | 0),
    hashed(seed | 0),
  );

/** A generator whose 128 bits of state are hashes of seed, purpose and index: an epoch's or a batch's own. */
export function generatorOf(seed: number, purpose: Purpose, index = 0): SeededGenerator {
  const words = [1, 2, 3, 4].map((word) => seedOf(seed, purpose, index, word) | 0);
  // a state of zeros would stay so
  return xoroshiro128plusFromState(words.some((word) => word !== 0) ? words : [1, 0, 0, 0]);
}
