import { attribute } from '../../../../shared/onnx/attributes';
import { constant, floats, operation, scalar, tensor } from '../../../../shared/onnx/build';
import { castTo, ints, multiply, reshape, subtract } from '../../../../shared/onnx/expressions';
import type { ConstantValue, Value } from '../../../../shared/onnx/ir';
import { packBits } from '../pack-bits';
import { nameAfter } from '../store-weights';
import { type BlockForm, quantizeBlocks } from './quantize-blocks';

/** Rows of weights in blocks, as MatMulNBits has them: each row begins a block, and its last one is filled up. */
export interface Blocks extends BlockForm {
  readonly rows: number;
  /** How many weights are in a row. */
  readonly length: number;
  /** uint8 `[rows, blocks, block * bits / 8]`, the first number of a byte lowest. */
  readonly packed: ConstantValue;
  /** `[rows, blocks]`. */
  readonly scales: ConstantValue;
  /** uint8, packed, each row from a new byte on; absent where the form is symmetric. */
  readonly zeroPoints: ConstantValue | undefined;
}

/** Sizes of a matrix of weights. */
export interface Rows {
  readonly rows: number;
  readonly length: number;
}

/** With scales and zero points. */
export function blockBytes({ rows, length }: Rows, { bits, block, symmetric }: BlockForm): number {
  const perRow = Math.ceil(length / block);
  const zeroPoints = symmetric ? 0 : Math.ceil((perRow * bits) / 8);
  return rows * (perRow * ((block * bits) / 8 + 4) + zeroPoints);
}

function filledUp(matrix: Float32Array, { rows, length }: Rows, whole: number): Float32Array {
  if (whole === length) return matrix;
  const filled = new Float32Array(rows * whole);
  for (let row = 0; row < rows; row++)
    filled.set(matrix.subarray(row * length, (row + 1) * length), row * whole);
  return filled;
}

function packRows(values: Uint8Array, rows: number, bits: BlockForm['bits']): Uint8Array {
  const perRow = values.length / rows;
  const each = Math.ceil((perRow * bits) / 8);
  const packed = new Uint8Array(rows * each);
  for (let row = 0; row < rows; row++)
    packed.set(packBits(values.subarray(row * perRow, (row + 1) * perRow), bits), row * each);
  return packed;
}

/** A row-major matrix of finite numbers in blocks; what is stored is called after the weight. */
export function inBlocks(
  weight: ConstantValue,
  matrix: Float32Array,
  { rows, length, ...form }: Rows & BlockForm,
): Blocks {
  const { bits, block, symmetric } = form;
  const perRow = Math.ceil(length / block);
  const whole = filledUp(matrix, { rows, length }, perRow * block);
  const quantized = quantizeBlocks(whole, form);
  const [values, zeroPoints] = [quantized.values, quantized.zeroPoints].map((each) => Uint8Array.from(each));
  if (values === undefined || zeroPoints === undefined) throw new RangeError('nothing was quantized');
  const named = (suffix: string) => nameAfter(weight, suffix);
  return {
    ...form,
    rows,
    length,
    packed: constant(
      tensor('uint8', [rows, perRow, (block * bits) / 8], packBits(values, bits)),
      named(`int${bits}`),
    ),
    scales: constant(floats([rows, perRow], quantized.scales), named('scale')),
    zeroPoints: symmetric
      ? undefined
      : constant(
          tensor('uint8', [rows, Math.ceil((perRow * bits) / 8)], packRows(zeroPoints, rows, bits)),
          named('zero_point'),
        ),
  };
}

/**
 * Rows of `[rows, length]` out of packed bytes, in operators that every runtime folds: no tensor is of a type below 8 bits, so
 * that none can become an output, which aborts the process of ONNX Runtime 1.30.
 */
function unpacked(packed: ConstantValue, { rows, length }: Rows, bits: BlockForm['bits']): Value {
  const whole = packed.tensor.data.length / rows;
  const bytes = reshape(packed, ints([-1, 1]));
  const shifts = Uint8Array.from({ length: 8 / bits }, (_, at) => at * bits);
  const shifted = operation('BitShift', [bytes, constant(tensor('uint8', [shifts.length], shifts))], {
    direction: attribute.string('RIGHT'),
  });
  const numbers = operation('BitwiseAnd', [shifted, constant(scalar(2 ** bits - 1, 'uint8'))]);
  return firstOfRows(castTo(numbers, 'float'), { rows, length: (whole * 8) / bits }, length);
}

function firstOfRows(value: Value, { rows, length }: Rows, wanted: number): Value {
  const matrix = reshape(value, ints([rows, length]));
  return length === wanted ? matrix : operation('Slice', [matrix, ints([0]), ints([wanted]), ints([1])]);
}

/** The floats again, in the shape `dims`. */
export function decodedBlocks(blocks: Blocks, dims: readonly number[]): Value {
  const { bits, block, rows, length, packed, scales, zeroPoints } = blocks;
  const perRow = Math.ceil(length / block);
  const asBlocks = (value: Value, each: number) => reshape(value, ints([rows, perRow, each]));
  const numbers = asBlocks(unpacked(packed, { rows, length: perRow * block }, bits), block);
  const zero =
    zeroPoints === undefined
      ? constant(scalar(2 ** (bits - 1)))
      : asBlocks(unpacked(zeroPoints, { rows, length: perRow }, bits), 1);
  const decoded = multiply(subtract(numbers, zero), asBlocks(scales, 1));
  return reshape(firstOfRows(decoded, { rows, length: perRow * block }, length), ints(dims));
}
