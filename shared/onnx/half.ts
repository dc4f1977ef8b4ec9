const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

function nearestEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}

/** The IEEE 754 binary16 bit pattern nearest to a number; ties go to even, overflow to infinity. */
export function toFloat16(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | nearestEven(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  const scale = size >= 2 ** exponent ? exponent : exponent - 1;
  return sign + ((scale + 14) << 10) + nearestEven((size / 2 ** scale) * 1024);
}

/** The number that a binary16 bit pattern stands for. */
export function fromFloat16(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bfloat16 bit pattern nearest to a number: the upper half of a float32, ties to even. */
export function toBfloat16(value: number): number {
  float[0] = value;
  const pattern = bits[0] ?? 0;
  if (Number.isNaN(value)) return 0x7fc0;
  return nearestEven(pattern / 65536) & 0xffff;
}

/** The number that a bfloat16 bit pattern stands for. */
export function fromBfloat16(pattern: number): number {
  bits[0] = pattern << 16;
  return float[0] ?? 0;
}
