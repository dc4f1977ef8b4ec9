import { intAttribute } from '../../../shared/onnx/attributes';
import { constant, scalar } from '../../../shared/onnx/build';
import {
  and,
  castLike,
  divide,
  greater,
  ints,
  less,
  multiply,
  reshape,
  scalarLike,
  subtract,
} from '../../../shared/onnx/expressions';
import type { Attributes, ElementType, OperationValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf, rankOf, shapeOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import type { GradientRule, GradientRules } from './gradient-rule';

/** The whole numbers that a type has. */
const wholeNumbers: Partial<Record<ElementType, readonly [least: number, largest: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int4: [-8, 7],
  uint4: [0, 15],
};

/** A scale or a zero point of each place of an axis, so that it broadcasts against the values; one number as it is. */
function along(value: Value, like: Value, attributes: Attributes): Value {
  const rank = rankOf(like) ?? 0;
  if (rankOf(value) !== 1 || shapeOf(value)?.[0] === 1 || rank < 2) return value;
  const axis = (intAttribute(attributes, 'axis', 1) + rank) % rank;
  return reshape(value, ints(Array.from({ length: rank }, (_, each) => (each === axis ? -1 : 1))));
}

function refuseBlocks(node: OperationValue): void {
  if (intAttribute(node.attributes, 'block_size', 0) !== 0)
    throw unsupported(node, 'use scales for the whole tensor or for an axis');
}

/**
 * The straight-through estimator (Bengio et al., 2013; Jacob et al., 2018): rounding counts as the identity. What rounds to a
 * whole number that the type has passes its gradient, and what is cut off has none. Scale and zero point are constants.
 */
const quantize: GradientRule = (gradient, [x, scale, zero], y) => {
  refuseBlocks(y);
  const range = wholeNumbers[elementTypeOf(y) ?? 'float'];
  if (range === undefined) throw unsupported(y, 'quantize to whole numbers of 4, 8 or 16 bits');
  if (x === undefined || scale === undefined) return [];
  const step = castLike(along(scale, x, y.attributes), gradient);
  const shift = castLike(zero ? along(zero, x, y.attributes) : constant(scalar(0)), gradient);
  const [low, high] = [range[0] - 0.5, range[1] + 0.5].map((end) =>
    multiply(subtract(scalarLike(end, gradient), shift), step),
  );
  if (low === undefined || high === undefined) return [];
  const given = castLike(x, gradient);
  const inside = and(greater(given, low), less(given, high));
  return [multiply(divide(gradient, step), castLike(inside, gradient))];
};

const dequantize: GradientRule = (gradient, [x, scale], y) => {
  refuseBlocks(y);
  return x === undefined || scale === undefined
    ? []
    : [multiply(gradient, castLike(along(scale, x, y.attributes), gradient))];
};

/** Rounding to whole numbers and back, as training for it sees it. The gradient of a quantized value is of floats. */
export const quantizationRules: GradientRules = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
};
