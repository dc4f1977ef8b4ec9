import { attributeOf } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { reduceSum } from '../../../shared/onnx/expressions';
import type { Dimension, OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import { convInputGradient } from './convolution-inputs';
import { convWeightGradient } from './convolution-weights';
import type { GradientRule, GradientRules } from './gradient-rule';
import { type Sliding, slidingAttributes, slidingOf, spaceOf, spanOf } from './sliding';

const isSize = (dimension: Dimension): dimension is number => typeof dimension === 'number';

/** Sum over everything but the channels: the batch behind space, since both at once take ONNX Runtime twice as long. */
const biasGradient = (gradient: Value): Value => {
  const space = Array.from({ length: (rankOf(gradient) ?? 2) - 2 }, (_, axis) => axis + 2);
  return reduceSum(reduceSum(gradient, space, false), [0], false);
};

const conv: GradientRule = (gradient, [x, weights, bias], node) => {
  if (x === undefined || weights === undefined) return [];
  const sliding = slidingOf(node, x, weights);
  return [
    convInputGradient(gradient, weights, x, sliding),
    convWeightGradient(x, gradient, sliding),
    bias && biasGradient(gradient),
  ];
};

/** Padding along each axis in all, as the output's size asks for. */
function totalPadding(node: OperationValue, x: Value, plain: Sliding): readonly number[] {
  const auto = attributeOf.string(node.attributes, 'auto_pad') ?? 'NOTSET';
  const wanted = attributeOf.ints(node.attributes, 'output_shape');
  return plain.strides.map((stride, axis) => {
    const extra = attributeOf.ints(node.attributes, 'output_padding')?.[axis] ?? 0;
    const [size, count] = [spaceOf(x)[axis], spaceOf(node)[axis]];
    if (wanted === undefined) return auto === 'VALID' ? 0 : Math.max(0, spanOf(plain, axis) + extra - stride);
    if (!isSize(size) || !isSize(count))
      throw unsupported(node, 'spell out the pads instead of output_shape');
    return Math.max(0, (size - 1) * stride + extra + spanOf(plain, axis) - count);
  });
}

/** How the Conv slides that this ConvTranspose is the reverse of. */
function reverseSliding(node: OperationValue, x: Value, weights: Value): Sliding {
  const { auto_pad: _auto, ...spelled } = node.attributes;
  const plain = slidingOf({ ...node, attributes: spelled }, x, weights);
  const auto = attributeOf.string(node.attributes, 'auto_pad') ?? 'NOTSET';
  if (auto === 'NOTSET' && attributeOf.ints(node.attributes, 'output_shape') === undefined) return plain;
  const total = totalPadding(node, x, plain);
  const less = total.map((pixels) => Math.floor(pixels / 2));
  const more = total.map((pixels) => Math.ceil(pixels / 2));
  return auto === 'SAME_UPPER'
    ? { ...plain, begins: less, ends: more }
    : { ...plain, begins: more, ends: less };
}

const convTranspose: GradientRule = (gradient, [x, weights, bias], node) => {
  if (x === undefined || weights === undefined) return [];
  const sliding = reverseSliding(node, x, weights);
  return [
    operation('Conv', [gradient, weights], slidingAttributes(sliding)),
    convWeightGradient(gradient, x, sliding),
    bias && biasGradient(gradient),
  ];
};

/** Rules of the convolutions. */
export const convolutionRules: GradientRules = { Conv: conv, ConvTranspose: convTranspose };
