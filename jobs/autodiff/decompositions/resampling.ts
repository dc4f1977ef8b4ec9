import { attributeOf, floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { constant, tensor } from '../../../shared/onnx/build';
import { matMul, transpose } from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { elementTypeOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import type { Decomposition, Decompositions } from './decomposition';
import { isKnownResampling, type Resampling, resizeMatrix } from './resize-matrix';

const axesOf = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);

/** A product with a matrix along one axis, which takes a turn as the last one. */
function alongAxis(x: Value, axis: number, matrix: readonly number[], resampling: Resampling): Value {
  const rank = shapeOf(x)?.length ?? 1;
  const weights = constant(
    tensor(elementTypeOf(x) ?? 'float', [resampling.to, resampling.from], [...matrix]),
  );
  const turned = axesOf(rank)
    .with(axis, rank - 1)
    .with(rank - 1, axis);
  const last = axis === rank - 1;
  const product = matMul(last ? x : transpose(x, turned), transpose(weights));
  return last ? product : transpose(product, turned);
}

/** Scales given along all axes or some; without them, the ratio of the sizes. */
function scaleAlong(node: OperationValue, scales: Value | undefined, axis: number): number | undefined {
  const given = (scales && knownInts(scales)) ?? [];
  const axes = attributeOf.ints(node.attributes, 'axes') ?? given.map((_, at) => at);
  return given[axes.indexOf(axis)];
}

function resampled(
  node: OperationValue,
  x: Value,
  options: Omit<Resampling, 'from' | 'to' | 'scale'>,
  scales?: Value,
): Value {
  const [before, after] = [staticShape(shapeOf(x)), staticShape(shapeOf(node))];
  if (before === undefined || after === undefined || !isKnownResampling(options)) {
    throw unsupported(
      node,
      'give sizes that are known before the run, and a mode other than tf_crop_and_resize',
    );
  }
  return before.reduce((value, from, axis) => {
    const to = after[axis] ?? from;
    const scale = scaleAlong(node, scales, axis) ?? to / from;
    if (to === from && scale === 1) return value;
    const resampling: Resampling = { ...options, from, to, scale };
    return alongAxis(value, axis, resizeMatrix(resampling), resampling);
  }, x);
}

/** Resizing is linear in the image: one matrix for each axis. */
const resize: Decomposition = ([x, , scales], node) => {
  const text = (name: string, missing: string) => attributeOf.string(node.attributes, name) ?? missing;
  if (x === undefined) return [];
  if (intAttribute(node.attributes, 'antialias', 0) !== 0)
    throw unsupported(node, 'resize without antialias');
  const options = {
    mode: text('mode', 'nearest'),
    placement: text('coordinate_transformation_mode', 'half_pixel'),
    rounding: text('nearest_mode', 'round_prefer_floor'),
    cubicCoefficient: floatAttribute(node.attributes, 'cubic_coeff_a', -0.75),
    excludeOutside: intAttribute(node.attributes, 'exclude_outside', 0) !== 0,
  };
  return [resampled(node, x, options, scales)];
};

/** Operators that change the size of images. */
export const resamplingDecompositions: Decompositions = { Resize: resize };
