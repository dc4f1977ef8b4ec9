import { attributeOf, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation, output } from '../../../shared/onnx/build';
import {
  add,
  and,
  castLike,
  castTo,
  ints,
  multiply,
  reshape,
  scalarLike,
  sizesOf,
  subtract,
} from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf, shapeOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import type { Decomposition, Decompositions } from './decomposition';

/** One axis of the image: where the grid points on it, and how many pixels it has. */
interface Axis {
  readonly at: Value;
  readonly pixels: Value;
}

const compare = (op: string, a: Value, b: Value): Value => operation(op, [a, b]);

/** Grid coordinates in [-1, 1] as positions in pixels. */
function placed(coordinate: Value, pixels: Value, alignCorners: boolean): Value {
  const half = scalarLike(0.5, coordinate);
  const one = scalarLike(1, coordinate);
  const shifted = multiply(add(coordinate, one), half);
  if (alignCorners) return multiply(shifted, subtract(pixels, one));
  return subtract(multiply(shifted, pixels), half);
}

const clamped = (at: Value, pixels: Value): Value =>
  operation('Min', [operation('Max', [at, scalarLike(0, at)]), subtract(pixels, scalarLike(1, at))]);

/** True where a whole position lies in the image. */
const inside = ({ at, pixels }: Axis): Value =>
  and(compare('GreaterOrEqual', at, scalarLike(0, at)), compare('Less', at, pixels));

/** Pixels of [batch, channels, height * width] at [batch, height', width'], zero outside. */
function picked(image: Value, row: Axis, column: Axis): Value {
  const places = add(multiply(clamped(row.at, row.pixels), column.pixels), clamped(column.at, column.pixels));
  const flat = reshape(castTo(places, 'int64'), ints([0, 1, -1]));
  const sizes = operation(
    'Concat',
    [
      operation('Shape', [image], { end: attribute.int(2) }),
      operation('Shape', [flat], { start: attribute.int(2) }),
    ],
    { axis: attribute.int(0) },
  );
  const pixels = operation('GatherElements', [image, operation('Expand', [flat, sizes])], {
    axis: attribute.int(2),
  });
  const counts = castLike(and(inside(row), inside(column)), image);
  return multiply(pixels, reshape(counts, ints([0, 1, -1])));
}

const floor = (at: Value): Value => operation('Floor', [at]);

const nextTo = ({ at, pixels }: Axis, step: number): Axis => ({
  at: add(floor(at), scalarLike(step, at)),
  pixels,
});

/** The four pixels around a point, each by how near it is. */
function bilinear(image: Value, row: Axis, column: Axis): Value {
  const corners = [0, 1].flatMap((down) => [0, 1].map((right) => ({ down, right })));
  const part = (axis: Axis, step: number) => {
    const after = subtract(axis.at, floor(axis.at));
    return step === 1 ? after : subtract(scalarLike(1, after), after);
  };
  const weighted = corners.map(({ down, right }) => {
    const weight = multiply(part(row, down), part(column, right));
    return multiply(
      picked(image, nextTo(row, down), nextTo(column, right)),
      reshape(weight, ints([0, 1, -1])),
    );
  });
  return weighted.reduce(add);
}

const nearest = (image: Value, row: Axis, column: Axis): Value => {
  const rounded = ({ at, pixels }: Axis): Axis => ({ at: operation('Round', [at]), pixels });
  return picked(image, rounded(row), rounded(column));
};

const samplers: Readonly<Record<string, typeof bilinear>> = { bilinear, linear: bilinear, nearest };

const sizeOf = (x: Value, axis: number, like: Value): Value => {
  const known = shapeOf(x)?.[axis];
  if (typeof known === 'number') return scalarLike(known, like);
  const size = operation('Gather', [operation('Shape', [x]), ints([axis])]);
  return castLike(operation('Squeeze', [size]), like);
};

function axisOf(node: OperationValue, x: Value, coordinate: Value, axis: number): Axis {
  const pixels = sizeOf(x, axis, coordinate);
  const at = placed(coordinate, pixels, intAttribute(node.attributes, 'align_corners', 0) !== 0);
  const border = attributeOf.string(node.attributes, 'padding_mode') === 'border';
  return { at: border ? clamped(at, pixels) : at, pixels };
}

const gridSample: Decomposition = ([x, grid], node) => {
  const mode = attributeOf.string(node.attributes, 'mode') ?? 'linear';
  const sample = Object.hasOwn(samplers, mode) ? samplers[mode] : undefined;
  const reflects = attributeOf.string(node.attributes, 'padding_mode') === 'reflection';
  if (!x || !grid || sample === undefined || reflects || rankOf(x) !== 4) {
    throw unsupported(node, 'sample images by nearest or linear mode, with zeros or border around them');
  }
  const halves = operation(
    'Split',
    [grid],
    { axis: attribute.int(-1), num_outputs: attribute.int(2) },
    { outputs: 2 },
  );
  const [across, down] = [0, 1].map((index) => operation('Squeeze', [output(halves, index), ints([-1])]));
  if (across === undefined || down === undefined) return [];
  const image = reshape(x, ints([0, 0, -1]));
  const flat = sample(image, axisOf(node, x, down, 2), axisOf(node, x, across, 3));
  return [reshape(flat, sizesOf(node))];
};

/** Operators that sample an image at points of a grid. */
export const gridSampleDecompositions: Decompositions = { GridSample: gridSample };
