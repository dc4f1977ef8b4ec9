import { dequantizeTensor, type QuantizedTensor, quantizeTensor, type TensorForm } from '../quantize-tensor';

/** How weights share scales: `block` numbers that follow each other. */
export interface BlockForm {
  readonly bits: 8 | 4 | 2;
  readonly block: number;
  readonly symmetric: boolean;
}

/** Sum of squared differences of each block from what it was. */
function errorsOf(matrix: Float32Array, quantized: QuantizedTensor, block: number): Float64Array {
  const errors = new Float64Array(quantized.scales.length);
  const decoded = dequantizeTensor(quantized, [errors.length, block], { axis: 0 });
  for (let at = 0; at < matrix.length; at++) {
    const which = Math.floor(at / block);
    errors[which] = (errors[which] ?? 0) + ((decoded[at] ?? 0) - (matrix[at] ?? 0)) ** 2;
  }
  return errors;
}

/**
 * Whole blocks `[blocks, block]` as unsigned numbers. Below 8 bits around zero, each block is lopsided where that brings it
 * nearer to what it was: with a number in fifteen to spare, or with one in three, it mostly does.
 */
export function quantizeBlocks(matrix: Float32Array, form: BlockForm): QuantizedTensor {
  const { bits, block, symmetric } = form;
  const dims = [matrix.length / block, block];
  const plain: TensorForm = { axis: 0, symmetric, bits, signed: false };
  const even = quantizeTensor(matrix, dims, plain);
  if (!symmetric || bits === 8) return even;
  const lopsided = quantizeTensor(matrix, dims, { ...plain, lopsided: true });
  const [before, after] = [even, lopsided].map((each) => errorsOf(matrix, each, block));
  for (let which = 0; which < even.scales.length; which++) {
    if ((after?.[which] ?? 0) >= (before?.[which] ?? 0)) continue;
    even.scales[which] = lopsided.scales[which] ?? 1;
    const [from, to] = [which * block, (which + 1) * block];
    even.values.set(lopsided.values.subarray(from, to), from);
  }
  return even;
}
