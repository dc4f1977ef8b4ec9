import { attributeOf, floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import {
  add,
  divide,
  ints,
  multiply,
  negate,
  reduceSum,
  scalarLike,
  sqrt,
  subtract,
  unsqueeze,
} from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import { type Gradient, type GradientRule, type GradientRules, unary } from './gradient-rule';
import { countPer } from './reduction-rules';

const averaged = (x: Value, axes: readonly number[]): Value => operation('ReduceMean', [x, ints(axes)]);

const reciprocal = (x: Value): Value => operation('Reciprocal', [x]);

const axesFrom = (first: number, rank: number): readonly number[] =>
  Array.from({ length: rank - first }, (_, index) => first + index);

/** Values less their mean, and the factor that brings their variance to 1. */
interface Standard {
  readonly centred: Value;
  readonly inverse: Value;
  readonly axes: readonly number[];
}

/** Values of mean 0 and variance 1. */
const standardOf = ({ centred, inverse }: Standard): Value => multiply(centred, inverse);

/**
 * The mean, with its axes kept. The batch is summed after the space of each image: both at once takes ONNX Runtime twice as
 * long.
 */
function mean(x: Value, axes: readonly number[]): Value {
  const [first, ...space] = axes;
  const inTwo = first === 0 && space.length > 0 && !axes.includes(1);
  return inTwo ? averaged(averaged(x, space), [0]) : averaged(x, axes);
}

function standardise(x: Value, axes: readonly number[], epsilon: number): Standard {
  const centred = subtract(x, mean(x, axes));
  const variance = mean(multiply(centred, centred), axes);
  return { centred, inverse: reciprocal(sqrt(add(variance, scalarLike(epsilon, x)))), axes };
}

/** What a gradient has in common with standard values along their axes. */
interface Common {
  readonly shift: Value;
  /** The mean of its products with the centred values. */
  readonly stretch: Value;
}

const commonOf = (gradient: Value, { centred, axes }: Standard): Common => ({
  shift: mean(gradient, axes),
  stretch: mean(multiply(gradient, centred), axes),
});

/**
 * The gradient before standardising, times a factor that is the same along the axes: without the parts that shift or
 * stretch everything alike. What is small is multiplied first: passes over all elements are what costs.
 */
function throughStandard(
  gradient: Value,
  { centred, inverse, axes }: Standard,
  { common, factor }: { readonly common?: Common; readonly factor?: Value } = {},
): Value {
  const { shift, stretch } = common ?? commonOf(gradient, { centred, inverse, axes });
  const slope = multiply(stretch, multiply(inverse, inverse));
  const rest = subtract(subtract(gradient, shift), multiply(centred, slope));
  return multiply(rest, factor === undefined ? inverse : multiply(inverse, factor));
}

const layerNormalization: GradientRule = (gradient, [x, scale], node) => {
  const rank = rankOf(x);
  if (x === undefined || scale === undefined || rank === undefined) return [];
  const axis = intAttribute(node.attributes, 'axis', -1);
  const axes = axesFrom(axis < 0 ? axis + rank : axis, rank);
  const standard = standardise(x, axes, floatAttribute(node.attributes, 'epsilon', 1e-5));
  return [
    throughStandard(multiply(gradient, scale), standard),
    multiply(gradient, standardOf(standard)),
    gradient,
  ];
};

const rmsNormalization: GradientRule = (gradient, [x, scale], node) => {
  const rank = rankOf(x);
  if (x === undefined || scale === undefined || rank === undefined) return [];
  const axis = intAttribute(node.attributes, 'axis', -1);
  const axes = axesFrom(axis < 0 ? axis + rank : axis, rank);
  const epsilon = scalarLike(floatAttribute(node.attributes, 'epsilon', 1e-5), x);
  const inverse = reciprocal(sqrt(add(mean(multiply(x, x), axes), epsilon)));
  const values = multiply(x, inverse);
  const scaled = multiply(gradient, scale);
  const stretch = multiply(values, mean(multiply(scaled, values), axes));
  return [multiply(inverse, subtract(scaled, stretch)), multiply(gradient, values)];
};

/** A list of one number per channel, in the shape that broadcasts over [batch, channels, ...space]. */
const perChannel = (list: Value, rank: number): Value => unsqueeze(list, axesFrom(1, rank - 1));

/** Everything but the channels summed away: space first, for the same reason as in `mean`. */
const channelSum = (value: Value, rank: number): Value =>
  reduceSum(reduceSum(value, axesFrom(2, rank), false), [0], false);

/** Standardises over some axes, then scales and shifts each channel. */
function standardisedChannels(
  gradient: Value,
  node: OperationValue,
  axes: readonly number[],
): readonly Gradient[] {
  const [x, scale] = node.inputs;
  const rank = rankOf(x);
  if (x === undefined || scale === undefined || rank === undefined) return [];
  const standard = standardise(x, axes, floatAttribute(node.attributes, 'epsilon', 1e-5));
  const common = commonOf(gradient, standard);
  const total = (means: Value) => multiply(channelSum(means, rank), countPer(x, means, x));
  return [
    throughStandard(gradient, standard, { common, factor: perChannel(scale, rank) }),
    total(multiply(common.stretch, standard.inverse)),
    total(common.shift),
  ];
}

/** With statistics that were learned before, it is one factor and one shift per channel. */
function knownStatistics(gradient: Value, node: OperationValue): readonly Gradient[] {
  const [x, scale, , average, variance] = node.inputs;
  const rank = rankOf(x);
  if (!x || !scale || !average || !variance || rank === undefined) return [];
  const epsilon = scalarLike(floatAttribute(node.attributes, 'epsilon', 1e-5), x);
  const inverse = reciprocal(sqrt(add(variance, epsilon)));
  const factor = multiply(scale, inverse);
  const centred = subtract(x, perChannel(average, rank));
  const total = channelSum(gradient, rank);
  const slope = channelSum(multiply(gradient, centred), rank);
  const half = scalarLike(-0.5, x);
  return [
    multiply(gradient, perChannel(factor, rank)),
    multiply(slope, inverse),
    total,
    negate(multiply(total, factor)),
    multiply(half, multiply(multiply(slope, factor), multiply(inverse, inverse))),
  ];
}

const batchNormalization: GradientRule = (gradient, [x], node) => {
  if (intAttribute(node.attributes, 'training_mode', 0) === 0) return knownStatistics(gradient, node);
  return standardisedChannels(gradient, node, [0, ...axesFrom(2, rankOf(x) ?? 2)]);
};

const instanceNormalization: GradientRule = (gradient, [x], node) =>
  standardisedChannels(gradient, node, axesFrom(2, rankOf(x) ?? 2));

const meanVariance = unary((gradient, x, _, attributes) => {
  const axes = attributeOf.ints(attributes, 'axes') ?? [0, 2, 3];
  return throughStandard(gradient, standardise(x, axes, 0));
});

/** The gradient without its part along the values, over their length; in the 1-norm, along their signs. */
const lpNormalization = unary((gradient, x, y, attributes) => {
  const axes = [intAttribute(attributes, 'axis', -1)];
  const p = intAttribute(attributes, 'p', 2);
  const length = operation(p === 1 ? 'ReduceL1' : 'ReduceL2', [x, ints(axes)]);
  const along = p === 1 ? operation('Sign', [x]) : y;
  return divide(subtract(gradient, multiply(along, reduceSum(multiply(gradient, y), axes))), length);
});

/** Rules of the operators that bring values to a common scale. */
export const normalizationRules: GradientRules = {
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
};
