import type { Dimension, OperationValue, Value } from '../../../../shared/onnx/ir';
import { shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import { blockInputs, type ChannelRule, takenTogether } from './channel-rule';

/** Some axes of a value, the last ones of which are laid beside the last ones of others. */
export interface Operand {
  readonly axes: readonly Axis[];
  readonly sizes: readonly Dimension[];
  readonly isFed: boolean;
}

/** Undefined where the rank is unknown. */
export function operandOf(value: Value, trace: ChannelTrace): Operand | undefined {
  const [axes, sizes] = [trace.axesOf(value), shapeOf(value)];
  return axes && sizes && { axes, sizes, isFed: trace.isFed(value) };
}

interface Place {
  readonly axis: Axis;
  readonly isFed: boolean;
  /** One index, read again for each of the others. */
  readonly isSingle: boolean;
}

const placeAt = ({ axes, sizes, isFed }: Operand, fromBack: number): Place => {
  const index = sizes.length - fromBack;
  return { axis: axes[index], isFed, isSingle: index < 0 || sizes[index] === 1 };
};

/** A list that only the model knows, laid along an axis of one index, makes features, not channels. */
const spreads = (places: readonly Place[], many: readonly Place[]): boolean =>
  places.some(({ isFed }) => isFed) && !many.some(({ isFed }) => isFed);

function broadcastAxis(places: readonly Place[], trace: ChannelTrace): Axis {
  const many = places.filter(({ isSingle }) => !isSingle);
  const [first] = many;
  if (first === undefined) return undefined;
  if (spreads(places, many)) {
    for (const { axis } of many) trace.block(axis, 'it is laid along what each row has once');
    return first.axis;
  }
  for (const { axis } of many.slice(1)) trace.join(first.axis, axis);
  return many.every(({ axis }) => axis !== undefined) ? first.axis : undefined;
}

/** The axes of values that are laid on each other (ONNX Broadcasting): what meets belongs together. */
export function broadcastAxes(operands: readonly Operand[], trace: ChannelTrace): readonly Axis[] {
  const rank = Math.max(0, ...operands.map(({ sizes }) => sizes.length));
  return Array.from({ length: rank }, (_, index) =>
    broadcastAxis(
      operands.map((operand) => placeAt(operand, rank - index)),
      trace,
    ),
  );
}

const isOperand = (operand: Operand | undefined): operand is Operand => operand !== undefined;

export function broadcast(
  node: OperationValue,
  values: readonly (Value | undefined)[],
  trace: ChannelTrace,
): readonly Axes[] {
  const operands = values.flatMap((value) => (value === undefined ? [] : [operandOf(value, trace)]));
  if (!operands.every(isOperand)) return blockInputs(node, trace, takenTogether(node));
  return [broadcastAxes(operands, trace)];
}

/** Element by element over all that it reads. */
export const broadcasting: ChannelRule = { axes: (node, trace) => broadcast(node, node.inputs, trace) };

/** Element by element over the first of its inputs; the others are numbers for all of it. */
export const pointwise: ChannelRule = {
  axes(node, trace) {
    for (const setting of node.inputs.slice(1)) trace.blockAll(setting, takenTogether(node));
    const axes = trace.axesOf(node.inputs[0]);
    return node.types.map(() => axes);
  },
};
