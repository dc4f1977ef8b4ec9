import { floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, constant, operation, tensor } from '../../../shared/onnx/build';
import { add, ints, multiply, reshape, sizesOf, unsqueeze } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { elementTypeOf, rankOf, shapeOf } from '../../../shared/onnx/shapes';
import type { Decomposition, Decompositions } from './decomposition';

const filled = (number: number, length: number, like: Value): Value =>
  constant(tensor(elementTypeOf(like) ?? 'float', [length], new Array<number>(length).fill(number)));

/** Groups of channels are the channels of an InstanceNormalization over one long axis: [batch, groups, rest]. */
function normalisedGroups(x: Value, groups: number, epsilon: number): Value {
  const grouped = reshape(x, ints([0, groups, -1]));
  const options = { epsilon: attribute.float(epsilon) };
  return operation('InstanceNormalization', [grouped, filled(1, groups, x), filled(0, groups, x)], options);
}

/** A list of one number per channel, in the shape that broadcasts over [batch, channels, ...space]. */
const overSpace = (list: Value, rank: number): Value =>
  unsqueeze(
    list,
    Array.from({ length: rank - 2 }, (_, axis) => axis + 1),
  );

/** Scale and bias are given for each channel; opset 18 gave them for each group. */
const groupNormalization: Decomposition = ([x, scale, bias], { attributes }) => {
  const rank = rankOf(x);
  if (x === undefined || scale === undefined || bias === undefined || rank === undefined) return [];
  const groups = intAttribute(attributes, 'num_groups', 1);
  const normalised = normalisedGroups(x, groups, floatAttribute(attributes, 'epsilon', 1e-5));
  const perGroup = shapeOf(scale)?.[0] === groups && shapeOf(x)?.[1] !== groups;
  const scaled = (value: Value, over: number) =>
    add(multiply(value, overSpace(scale, over)), overSpace(bias, over));
  return [
    perGroup ? reshape(scaled(normalised, 2), sizesOf(x)) : scaled(reshape(normalised, sizesOf(x)), rank),
  ];
};

/** Normalisations that are made of others. */
export const normalizationDecompositions: Decompositions = { GroupNormalization: groupNormalization };
