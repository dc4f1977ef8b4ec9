const mask = 0xffff_ffff;
const multipliers = [0x85eb_ca6b, 0xc2b2_ae35] as const;

/**
 * SQL for a pseudo-random UBIGINT of each row, unique below 2^32 rows and the same on every machine, thread count and
 * version of DuckDB (its own `hash` promises none of that). Two rounds of MurmurHash3's 32-bit finalizer (Appleby, 2011),
 * the seeds added between them, with the row number below as a tie breaker.
 */
export function rowKey(rowNumber: string, ...seeds: readonly number[]): string {
  const [first, second] = [mixSeeds(seeds, 1), mixSeeds(seeds, 2)];
  const row = `(CAST(${rowNumber} AS UBIGINT) & ${mask})`;
  const once = finalizer(`((${row} + ${first}) & ${mask})`);
  return `((${finalizer(`((${once} + ${second}) & ${mask})`)} << 32) | ${row})`;
}

function finalizer(value: string): string {
  const mixed = multipliers.reduce(
    (x, k) => `((xor(${x}, ${x} >> ${k === multipliers[0] ? 16 : 13}) * ${k}) & ${mask})`,
    value,
  );
  return `xor(${mixed}, ${mixed} >> 16)`;
}

function mixSeeds(seeds: readonly number[], start: number): number {
  return seeds.reduce((mixed, seed) => finalize((Math.imul(mixed, 31) + seed) | 0), finalize(start)) >>> 0;
}

function finalize(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), multipliers[0]);
  const second = Math.imul(first ^ (first >>> 13), multipliers[1]);
  return second ^ (second >>> 16);
}
