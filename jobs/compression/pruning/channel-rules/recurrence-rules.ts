import { attribute, intAttribute } from '../../../../shared/onnx/attributes';
import type { OperationValue } from '../../../../shared/onnx/ir';
import { shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import { blockInputs, type ChannelRule, type ChannelRuleTable, takenTogether } from './channel-rule';

/** Lists of one entry for each hidden unit, laid one behind the other: those of one unit belong together. */
function joinRepeated(hidden: Int32Array, repeated: Axis, trace: ChannelTrace): void {
  for (const [index, channel] of (repeated ?? []).entries())
    trace.sets.join(channel, hidden[index % hidden.length] ?? channel);
}

/**
 * Hidden units: a row of each gate in both matrices and both biases, a column of the recurrent one. A unit of zeros stays at
 * zero, for its new state is the tanh of 0. Both directions lose the same.
 */
function recurrenceAxes(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const [x, input, recurrent, bias, lengths, state, cell, peephole] = node.inputs;
  const hidden = trace.axis(recurrent, 2);
  const isBatchFirst = intAttribute(node.attributes, 'layout', 0) !== 0;
  const ranks = [x, input, recurrent].map((value) => shapeOf(value)?.length);
  if (isBatchFirst || hidden === undefined || ranks.some((rank) => rank !== 3))
    return blockInputs(node, trace, takenTogether(node));
  trace.blockAll(x, takenTogether(node), [2]);
  trace.blockAll(lengths, takenTogether(node));
  for (const weight of [input, recurrent]) trace.block(trace.axis(weight, 0), takenTogether(node));
  trace.join(trace.axis(x, 2), trace.axis(input, 2));
  for (const value of [input, recurrent, bias, peephole]) joinRepeated(hidden, trace.axis(value, 1), trace);
  for (const value of [state, cell]) {
    trace.blockAll(value, takenTogether(node), [2]);
    if (value !== undefined) trace.join(hidden, trace.axis(value, 2));
  }
  for (const value of [input, recurrent, bias]) trace.mark(value, 1, 'writes');
  for (const value of [input, recurrent]) trace.mark(value, 2, 'reads');
  return node.types.map((_, index) => [...new Array<Axis>(index === 0 ? 3 : 2).fill(undefined), hidden]);
}

const recurrence: ChannelRule = {
  axes: recurrenceAxes,
  shrink({ node, trace, kept }) {
    const stay = kept(trace.axis(node.inputs[2], 2));
    return stay === undefined
      ? {}
      : { attributes: { ...node.attributes, hidden_size: attribute.int(stay.length) } };
  },
};

/** Operators that carry a state along a sequence. */
export const recurrenceRules: ChannelRuleTable = { LSTM: recurrence, GRU: recurrence, RNN: recurrence };
