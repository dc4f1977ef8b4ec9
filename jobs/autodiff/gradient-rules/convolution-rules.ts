import { attributeOf } from '../../../shared/onnx/attributes';
import { attribute, operation } from '../../../shared/onnx/build';
import { add, ints, reduceSum, subtract } from '../../../shared/onnx/expressions';
import type { Dimension, OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import { convWeightGradient } from './convolution-weights';
import type { GradientRule, GradientRules } from './gradient-rule';
import { type Sliding, slidingAttributes, slidingOf, spaceOf, spaceSizes, spanOf } from './sliding';

const isSize = (dimension: Dimension): dimension is number => typeof dimension === 'number';

const concat = (...lists: readonly Value[]): Value => operation('Concat', lists, { axis: attribute.int(0) });

/** Pixels at the end of `x` that no kernel reached; undefined where sizes are not known before the run. */
function unreached(x: Value, y: Value, sliding: Sliding): readonly number[] | undefined {
  const [before, after] = [spaceOf(x), spaceOf(y)];
  const rest = before.map((size, axis) => {
    const count = after[axis];
    if (!isSize(size) || !isSize(count)) return undefined;
    const padded = size + (sliding.begins[axis] ?? 0) + (sliding.ends[axis] ?? 0);
    return padded - (count - 1) * (sliding.strides[axis] ?? 1) - spanOf(sliding, axis);
  });
  return rest.every((pixels) => pixels !== undefined) ? rest : undefined;
}

/** What flows back into the input of a Conv: the gradient spread by the same kernel, cut to the input's size. */
export function convInputGradient(gradient: Value, weights: Value, x: Value, sliding: Sliding): Value {
  const rest = unreached(x, gradient, sliding);
  const options = slidingAttributes(sliding);
  if (rest !== undefined) {
    const extra = rest.some((pixels) => pixels > 0) ? { output_padding: attribute.ints(rest) } : {};
    return operation('ConvTranspose', [gradient, weights], { ...options, ...extra });
  }
  const none = attribute.ints(sliding.kernel.flatMap(() => [0, 0]));
  const whole = operation('ConvTranspose', [gradient, weights], { ...options, pads: none });
  const begins = ints(sliding.begins.map((pixels) => -pixels));
  const ends = subtract(add(spaceSizes(x), ints(sliding.begins)), spaceSizes(whole));
  return operation('Pad', [whole, concat(ints([0, 0]), begins, ints([0, 0]), ends)]);
}

/** Sum over everything but the channels. */
const biasGradient = (gradient: Value): Value => {
  const space = Array.from({ length: (rankOf(gradient) ?? 2) - 2 }, (_, axis) => axis + 2);
  return reduceSum(gradient, [0, ...space], false);
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
