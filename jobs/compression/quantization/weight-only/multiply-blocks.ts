import { attribute, floatAttribute, intAttribute } from '../../../../shared/onnx/attributes';
import { constant, operation, scalar } from '../../../../shared/onnx/build';
import { add, multiply, transpose } from '../../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import { shapeOf } from '../../../../shared/onnx/shapes';
import type { Blocks } from './blocks';

/**
 * Activations are rounded to int8 as well, row by row and block by block, and the sums are whole numbers: on one row 1.2 to 5
 * times as fast as floats. Without (1), ONNX Runtime 1.30 decodes the weights on each call where they have 8 or 2 bits, which
 * takes ten to a hundred times as long.
 */
const accuracyLevel = 4;

const isGemm = ({ op }: OperationValue): boolean => op === 'Gemm';

/** A MatMul or Gemm as MatMulNBits of com.microsoft, whose weights are `[columns, blocks, bytes]`. */
export function multiplyBlocks(node: OperationValue, blocks: Blocks): Value {
  const [given, , bias] = node.inputs;
  if (given === undefined) return node;
  const { attributes } = node;
  const turned = isGemm(node) && intAttribute(attributes, 'transA', 0) !== 0;
  const [alpha, beta] = ['alpha', 'beta'].map((name) =>
    isGemm(node) ? floatAttribute(attributes, name, 1) : 1,
  );
  const joined = alpha === 1 && beta === 1 && shapeOf(bias)?.join() === String(blocks.rows);
  const product = operation(
    'MatMulNBits',
    [
      turned ? transpose(given) : given,
      blocks.packed,
      blocks.scales,
      blocks.zeroPoints,
      undefined,
      joined ? bias : undefined,
    ],
    {
      K: attribute.int(blocks.length),
      N: attribute.int(blocks.rows),
      bits: attribute.int(blocks.bits),
      block_size: attribute.int(blocks.block),
      accuracy_level: attribute.int(accuracyLevel),
    },
    { domain: 'com.microsoft' },
  );
  const scaled = times(product, alpha);
  return bias === undefined || joined ? scaled : add(scaled, times(bias, beta));
}

const times = (value: Value, factor = 1): Value =>
  factor === 1 ? value : multiply(value, constant(scalar(factor)));
