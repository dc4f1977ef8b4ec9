/** How floats become whole numbers. */
export interface TensorForm {
  /** A scale for each index along this axis; one for the whole tensor where absent. */
  readonly axis?: number;
  /** With an axis: a scale for each so many elements along it, at each place of the other axes. */
  readonly block?: number;
  /** Zero is the middle of the range, else the range reaches from the least to the largest value, and to zero. */
  readonly symmetric: boolean;
  /**
   * Where it is symmetric: the lowest number stands for the value of the largest size, whatever its sign, as ONNX Runtime's
   * own quantizer of blocks has it. The scale may be negative, one number more is used than otherwise, and what lies near that
   * value's opposite is off by up to a step in place of half a one.
   */
  readonly lopsided?: boolean;
  /** 7: one bit less than the byte holds, so that two products of uint8 and int8 fit 16 bits on x86 without VNNI. */
  readonly bits: 8 | 7 | 4 | 2;
  readonly signed: boolean;
}

/** Whole numbers that stand for floats: `(values[i] - zeroPoints[g]) * scales[g]`, where `g` is the group of `i`. */
export interface QuantizedTensor {
  /** One a byte, whatever the number of bits. */
  readonly values: Int8Array | Uint8Array;
  /** Row-major over the groups: `[1]`, `[size of the axis]`, or the dims with the axis counted in blocks. */
  readonly scales: Float32Array;
  readonly zeroPoints: Int8Array | Uint8Array;
}

type Whole = Pick<TensorForm, 'bits' | 'signed'>;

interface Levels {
  readonly low: number;
  readonly high: number;
  /** What zero becomes where the form is symmetric. */
  readonly middle: number;
}

/** The range of ONNX Runtime's own quantizer for `reduce_range` is -64 to 64; two products of 255 and 64 fit 16 bits. */
const signedLevels: Readonly<Record<TensorForm['bits'], Levels>> = {
  8: { low: -128, high: 127, middle: 0 },
  7: { low: -64, high: 64, middle: 0 },
  4: { low: -8, high: 7, middle: 0 },
  2: { low: -2, high: 1, middle: 0 },
};

const levelsOf = ({ bits, signed }: Whole): Levels =>
  signed ? signedLevels[bits] : { low: 0, high: 2 ** bits - 1, middle: 2 ** (bits - 1) };

/** Which group each element of a row-major tensor is of. */
interface Groups {
  readonly count: number;
  readonly of: (at: number) => number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((count, size) => count * size, 1);

function groupsOf(dims: readonly number[], { axis, block }: Pick<TensorForm, 'axis' | 'block'>): Groups {
  if (axis === undefined) return { count: 1, of: () => 0 };
  const size = dims[axis] ?? 1;
  const inner = product(dims.slice(axis + 1));
  if (block === undefined) return { count: size, of: (at) => Math.floor(at / inner) % size };
  const blocks = Math.ceil(size / block);
  const of = (at: number) => {
    const along = Math.floor(at / inner);
    const which = Math.floor(along / size) * blocks + Math.floor((along % size) / block);
    return which * inner + (at % inner);
  };
  return { count: product(dims.slice(0, axis)) * blocks * inner, of };
}

interface Reach {
  readonly least: Float32Array;
  readonly most: Float32Array;
}

/** From the least to the largest of each group, and to zero. */
function reachOf(values: Float32Array, { count, of }: Groups): Reach {
  const [least, most] = [new Float32Array(count), new Float32Array(count)];
  for (let at = 0; at < values.length; at++) {
    const [group, value] = [of(at), values[at] ?? 0];
    if (value < (least[group] ?? 0)) least[group] = value;
    if (value > (most[group] ?? 0)) most[group] = value;
  }
  return { least, most };
}

/** The quotient of a denormal can be zero, and then any scale decodes the zeros. */
const stepOf = (reach: number, steps: number): number => Math.fround(reach / steps) || 1;

interface Extremes {
  readonly least: number;
  readonly most: number;
}

function scaleOf({ least, most }: Extremes, levels: Levels, form: TensorForm): [number, number] {
  const { low, high, middle } = levels;
  if (form.symmetric && form.lopsided) return [stepOf(-least > most ? least : most, low - middle), middle];
  if (form.symmetric) return [stepOf(Math.max(-least, most), high - middle), middle];
  const scale = stepOf(most - least, high - low);
  return [scale, Math.max(low, Math.min(high, Math.round(low - least / scale)))];
}

const holder = ({ signed }: Whole, length: number): Int8Array | Uint8Array =>
  signed ? new Int8Array(length) : new Uint8Array(length);

/**
 * Finite floats of any rank as whole numbers, each to half a step of its group's scale. Zero stays zero exactly. A symmetric
 * form leaves out the lowest number, so that it reaches as far up as down, unless it is lopsided.
 */
export function quantizeTensor(
  values: Float32Array,
  dims: readonly number[],
  form: TensorForm,
): QuantizedTensor {
  const groups = groupsOf(dims, form);
  const levels = levelsOf(form);
  const { least, most } = reachOf(values, groups);
  const scales = new Float32Array(groups.count);
  const zeroPoints = holder(form, groups.count);
  for (let group = 0; group < groups.count; group++)
    [scales[group], zeroPoints[group]] = scaleOf(
      { least: least[group] ?? 0, most: most[group] ?? 0 },
      levels,
      form,
    );
  const low = form.symmetric && !form.lopsided ? 2 * levels.middle - levels.high : levels.low;
  const whole = holder(form, values.length);
  for (let at = 0; at < values.length; at++) {
    const group = groups.of(at);
    const steps = Math.round((values[at] ?? 0) / (scales[group] ?? 1)) + (zeroPoints[group] ?? 0);
    whole[at] = Math.max(low, Math.min(levels.high, steps));
  }
  return { values: whole, scales, zeroPoints };
}

/** The floats that whole numbers stand for. */
export function dequantizeTensor(
  { values, scales, zeroPoints }: QuantizedTensor,
  dims: readonly number[],
  form: Pick<TensorForm, 'axis' | 'block'>,
): Float32Array {
  const { of } = groupsOf(dims, form);
  return Float32Array.from(values, (value, at) => {
    const group = of(at);
    return (value - (zeroPoints[group] ?? 0)) * (scales[group] ?? 1);
  });
}
