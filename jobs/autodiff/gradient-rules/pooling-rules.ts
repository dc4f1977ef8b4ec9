import { attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, constant, floats, operation, output, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import {
  castLike,
  divide,
  equal,
  filledLike,
  ints,
  multiply,
  reshape,
  reshapeLike,
  scalarLike,
  sizesOf,
  transpose,
} from '../../../shared/onnx/expressions';
import type { Attributes, OperationValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf, staticShape } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import { convInputGradient } from './convolution-inputs';
import { type GradientRules, unary } from './gradient-rule';
import { type Sliding, slidingAttributes, slidingOf, spaceOf, spanOf } from './sliding';

/** The sliding of a pool in `ceil_mode`: enough padding at the end that the last window fits. */
function completed(node: OperationValue, x: Value, sliding: Sliding): Sliding {
  if (intAttribute(node.attributes, 'ceil_mode', 0) === 0) return sliding;
  const ends = sliding.ends.map((pixels, axis) => {
    const [size, count] = [spaceOf(x)[axis], spaceOf(node)[axis]];
    if (typeof size !== 'number' || typeof count !== 'number') {
      throw unsupported(node, 'give sizes that are known before the run, or drop ceil_mode');
    }
    const reach = (count - 1) * (sliding.strides[axis] ?? 1) + spanOf(sliding, axis);
    return Math.max(pixels, reach - size - (sliding.begins[axis] ?? 0));
  });
  return { ...sliding, ends };
}

/** A kernel of ones over a single channel. */
const ones = ({ kernel }: Sliding, like: Value): Value =>
  constant(
    tensor(
      elementTypeOf(like) ?? 'float',
      [1, 1, ...kernel],
      new Array<number>(elementCount(kernel)).fill(1),
    ),
  );

/** One channel of ones in the space of a value. */
function plane(x: Value): Value {
  const sizes = operation('Concat', [ints([1, 1]), operation('Shape', [x], { start: attribute.int(2) })], {
    axis: attribute.int(0),
  });
  const one = tensor(elementTypeOf(x) ?? 'float', [1], [1]);
  return operation('ConstantOfShape', [sizes], { value: attribute.tensor(one) });
}

/** How many elements each window averages: padding counts only where the pool says so. */
function windowCounts(node: OperationValue, x: Value, sliding: Sliding): Value {
  const flat = plane(x);
  if (intAttribute(node.attributes, 'count_include_pad', 0) === 0) {
    return operation('Conv', [flat, ones(sliding, x)], slidingAttributes(sliding));
  }
  const own = slidingOf(node, x);
  const rim = ints([0, 0, ...own.begins, 0, 0, ...own.ends]);
  const padded = operation('Pad', [flat, rim, scalarLike(1, x)]);
  const late = sliding.ends.map((pixels, axis) => pixels - (own.ends[axis] ?? 0));
  const rest: Sliding = { ...sliding, begins: sliding.begins.map(() => 0), ends: late };
  return operation('Conv', [padded, ones(sliding, x)], slidingAttributes(rest));
}

/** Channels as so many images of one channel. */
const singly = (value: Value): Value =>
  reshape(
    value,
    operation('Concat', [ints([-1, 1]), operation('Shape', [value], { start: attribute.int(2) })], {
      axis: attribute.int(0),
    }),
  );

/** Pixels at the end of each axis that windows side by side leave out; undefined for other windows and other types. */
function besideTiles(
  x: Value,
  { kernel, strides, dilations, begins, ends }: Sliding,
): readonly number[] | undefined {
  const plain = [...begins, ...ends].every((pixels) => pixels === 0) && dilations.every((step) => step === 1);
  if (!plain || elementTypeOf(x) !== 'float' || !kernel.every((size, axis) => size === strides[axis]))
    return undefined;
  const space = staticShape(spaceOf(x));
  return space?.map((size, axis) => size % (kernel[axis] ?? 1));
}

/** Windows that lie side by side and leave no pixel out, of a type that Resize takes. */
const tiles = (x: Value, sliding: Sliding): boolean =>
  besideTiles(x, sliding)?.every((pixels) => pixels === 0) ?? false;

/** Each number of a small image as often as its tile has pixels. */
const overTiles = (value: Value, { kernel }: Sliding): Value =>
  operation('Resize', [value, undefined, constant(floats([2 + kernel.length], [1, 1, ...kernel]))], {
    mode: attribute.string('nearest'),
    coordinate_transformation_mode: attribute.string('asymmetric'),
    nearest_mode: attribute.string('floor'),
  });

const averagePool = unary((gradient, x, node) => {
  const plain = slidingOf(node, x);
  if (tiles(x, plain))
    return overTiles(multiply(gradient, scalarLike(1 / elementCount(plain.kernel), x)), plain);
  const sliding = completed(node, x, plain);
  const share = singly(divide(gradient, windowCounts(node, x, sliding)));
  return reshapeLike(convInputGradient(share, ones(sliding, x), singly(x), sliding), x);
});

/** Pixels that tie for the maximum of their tile share its gradient. */
function sharedInTiles(gradient: Value, x: Value, y: Value, sliding: Sliding): Value {
  const mask = castLike(equal(x, overTiles(y, sliding)), gradient);
  const options = { kernel_shape: attribute.ints(sliding.kernel), strides: attribute.ints(sliding.strides) };
  const ties = multiply(
    operation('AveragePool', [mask], options),
    scalarLike(elementCount(sliding.kernel), mask),
  );
  return multiply(mask, overTiles(divide(gradient, ties), sliding));
}

/** Each maximum's gradient goes back to where the maximum was found. */
function sentBack(gradient: Value, x: Value, attributes: Attributes): Value {
  const places = output(operation('MaxPool', [x], attributes, { outputs: 2 }), 1);
  const flat = (value: Value) => reshape(value, ints([-1]));
  const options: Attributes = { axis: attribute.int(0), reduction: attribute.string('add') };
  const back = operation('ScatterElements', [flat(filledLike(0, x)), flat(places), flat(gradient)], options);
  return reshapeLike(back, x);
}

interface Tiling {
  readonly y: Value;
  readonly sliding: Sliding;
  readonly rest: readonly number[];
}

/** The gradient of the pixels that tiles cover, the others having none. */
function sharedBesideRest(gradient: Value, x: Value, { y, sliding, rest }: Tiling): Value {
  if (rest.every((pixels) => pixels === 0)) return sharedInTiles(gradient, x, y, sliding);
  const none = [0, 0, ...rest.map(() => 0), 0, 0];
  const covered = operation('Pad', [x, ints([...none, ...rest.map((pixels) => -pixels)])]);
  return operation('Pad', [sharedInTiles(gradient, covered, y, sliding), ints([...none, ...rest])]);
}

const maxPool = unary((gradient, x, node, attributes) => {
  if (intAttribute(attributes, 'storage_order', 0) !== 0) throw unsupported(node, 'use storage_order 0');
  const sliding = slidingOf(node, x);
  const rest = intAttribute(attributes, 'ceil_mode', 0) === 0 ? besideTiles(x, sliding) : undefined;
  return rest === undefined
    ? sentBack(gradient, x, attributes)
    : sharedBesideRest(gradient, x, { y: node, sliding, rest });
});

/** Blocks of pixels become channels again; `CRD` keeps a channel's pixels together, `DCR` those of one place. */
const depthToSpace = unary((gradient, x, _, attributes) => {
  const blocksize = attribute.int(intAttribute(attributes, 'blocksize', 1));
  if (attributeOf.string(attributes, 'mode') !== 'CRD')
    return operation('SpaceToDepth', [gradient], { blocksize });
  return blocksAsChannels(gradient, x, blocksize.type === 'int' ? blocksize.value : 1);
});

function blocksAsChannels(gradient: Value, x: Value, block: number): Value {
  const size = (start: number) =>
    operation('Shape', [gradient], { start: attribute.int(start), end: attribute.int(start + 1) });
  const space = (start: number) =>
    operation('Shape', [x], { start: attribute.int(start), end: attribute.int(start + 1) });
  const sizes = operation('Concat', [size(0), size(1), space(2), ints([block]), space(3), ints([block])], {
    axis: attribute.int(0),
  });
  return reshape(transpose(reshape(gradient, sizes), [0, 1, 3, 5, 2, 4]), sizesOf(x));
}

const spaceToDepth = unary((gradient, _, __, attributes) =>
  operation('DepthToSpace', [gradient], {
    blocksize: attribute.int(intAttribute(attributes, 'blocksize', 1)),
  }),
);

/** Rules of the pools, and of the operators that trade pixels for channels. */
export const poolingRules: GradientRules = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
