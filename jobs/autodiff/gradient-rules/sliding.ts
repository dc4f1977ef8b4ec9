import { attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation } from '../../../shared/onnx/build';
import { ints } from '../../../shared/onnx/expressions';
import type { Attributes, Dimension, OperationValue, Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';

/** How a kernel slides over space, one number per spatial axis, with its padding spelled out. */
export interface Sliding {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly groups: number;
  /** Channels of each group on the side that the kernel reads. */
  readonly perGroup: number;
}

/** Pixels that a kernel spans along one axis. */
export const spanOf = ({ kernel, dilations }: Sliding, axis: number): number =>
  ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;

const isSize = (dimension: Dimension): dimension is number => typeof dimension === 'number';

export const spaceOf = (value: Value | undefined): readonly Dimension[] => shapeOf(value)?.slice(2) ?? [];

/** The sizes of space as a list: a literal where they are known before the run. */
export const spaceSizes = (value: Value): Value => {
  const space = spaceOf(value);
  return space.every(isSize) ? ints(space) : operation('Shape', [value], { start: attribute.int(2) });
};

function kernelOf(node: OperationValue, weights: Value | undefined): readonly number[] {
  const kernel = attributeOf.ints(node.attributes, 'kernel_shape') ?? spaceOf(weights);
  if (!kernel.every(isSize) || kernel.length === 0)
    throw unsupported(node, 'give weights whose sizes are known');
  return kernel;
}

/** Without padding spelled out, what a kernel needs so that the output has one element per stride. */
function samePadding(node: OperationValue, plain: Sliding, x: Value): readonly number[] {
  const space = spaceOf(x);
  return plain.strides.map((stride, axis) => {
    const size = space[axis];
    if (stride === 1) return spanOf(plain, axis) - 1;
    if (!isSize(size)) throw unsupported(node, 'spell out the pads instead of auto_pad');
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + spanOf(plain, axis) - size);
  });
}

/** How a Conv or a pool slides over `x`. `MissingGradientError` where that is known at run time only. */
export function slidingOf(node: OperationValue, x: Value, weights?: Value): Sliding {
  const kernel = kernelOf(node, weights);
  const each = (name: string, missing: number, from = 0) =>
    kernel.map((_, axis) => attributeOf.ints(node.attributes, name)?.[axis + from] ?? missing);
  const perGroup = shapeOf(weights)?.[1];
  const plain: Sliding = {
    kernel,
    strides: each('strides', 1),
    dilations: each('dilations', 1),
    begins: each('pads', 0),
    ends: each('pads', 0, kernel.length),
    groups: intAttribute(node.attributes, 'group', 1),
    perGroup: isSize(perGroup) ? perGroup : 1,
  };
  const auto = attributeOf.string(node.attributes, 'auto_pad') ?? 'NOTSET';
  if (auto === 'NOTSET') return plain;
  const total = auto === 'VALID' ? kernel.map(() => 0) : samePadding(node, plain, x);
  const less = total.map((pixels) => Math.floor(pixels / 2));
  const more = total.map((pixels) => Math.ceil(pixels / 2));
  return auto === 'SAME_LOWER'
    ? { ...plain, begins: more, ends: less }
    : { ...plain, begins: less, ends: more };
}

/** The attributes of a Conv that slides so. */
export const slidingAttributes = ({
  kernel,
  strides,
  dilations,
  begins,
  ends,
  groups,
}: Sliding): Attributes => ({
  kernel_shape: attribute.ints(kernel),
  strides: attribute.ints(strides),
  dilations: attribute.ints(dilations),
  pads: attribute.ints([...begins, ...ends]),
  group: attribute.int(groups),
});
