import { attribute, attributeOf, intAttribute } from '../../../../shared/onnx/attributes';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import { shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import { blockInputs, type ChannelRule, type ChannelRuleTable, takenTogether } from './channel-rule';

/** Columns of all heads, one head behind the other: each head's become one channel. */
function headsOf(columns: Axis, heads: number, trace: ChannelTrace): Axis {
  if (columns === undefined || columns.length % heads !== 0 || heads < 2) {
    trace.block(columns, 'they are not as many for each head');
    return undefined;
  }
  const size = columns.length / heads;
  for (const [index, channel] of columns.entries())
    trace.sets.join(channel, columns[index - (index % size)] ?? channel);
  const firsts = Int32Array.from({ length: heads }, (_, head) => columns[head * size] ?? 0);
  trace.heads.add(columns);
  return firsts;
}

/** The heads of several lists of columns are the same. */
function joinHeads(lists: readonly Axis[], heads: number, trace: ChannelTrace): void {
  const [first, ...rest] = lists.map((columns) => headsOf(columns, heads, trace));
  for (const each of rest) trace.join(first, each);
}

/** What is added to the scores may differ from head to head. */
function joinBias(bias: Value | undefined, first: Axis, trace: ChannelTrace): void {
  const axes = trace.axesOf(bias);
  for (const [index, axis] of (axes ?? []).entries())
    if (index === 1 && axis !== undefined) trace.join(axis, first);
    else trace.block(axis, 'attention takes all of them together');
}

const countOf = (node: OperationValue): number => intAttribute(node.attributes, 'num_heads', 1);

/** Columns of queries, keys and values in the joint matrix, by ONNX Runtime's Attention. */
function packedSizes(node: OperationValue): readonly number[] | undefined {
  const columns = shapeOf(node.inputs[1])?.[1];
  if (typeof columns !== 'number') return undefined;
  return attributeOf.ints(node.attributes, 'qkv_hidden_sizes') ?? [0, 1, 2].map(() => columns / 3);
}

const cut = (axis: Axis, sizes: readonly number[]): readonly Axis[] =>
  sizes.map((size, index) => {
    const start = sizes.slice(0, index).reduce((sum, each) => sum + each, 0);
    return axis?.subarray(start, start + size);
  });

/** Input, weight, bias, mask, past, attention bias, past length. */
function packedAxes(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const [x, weight, bias, mask, past, added] = node.inputs;
  const sizes = packedSizes(node);
  if (sizes === undefined || past !== undefined || node.types.length > 1 || bias === undefined)
    return blockInputs(node, trace, takenTogether(node));
  trace.blockAll(x, takenTogether(node), [2]);
  trace.blockAll(mask, takenTogether(node));
  trace.join(trace.axis(x, 2), trace.axis(weight, 0));
  trace.join(trace.axis(weight, 1), trace.axis(bias, 0));
  trace.mark(weight, 0, 'reads');
  trace.mark(weight, 1, 'writes');
  trace.mark(bias, 0, 'writes');
  const parts = cut(trace.axis(weight, 1), sizes);
  joinHeads(parts, countOf(node), trace);
  joinBias(added, firstsOf(parts[0], countOf(node)), trace);
  return [[undefined, undefined, parts[2]]];
}

const firstsOf = (columns: Axis, heads: number): Axis =>
  columns && Int32Array.from({ length: heads }, (_, head) => columns[(head * columns.length) / heads] ?? 0);

const packed: ChannelRule = {
  axes: packedAxes,
  shrink({ node, trace, kept }) {
    const columns = trace.axis(node.inputs[1], 1);
    const sizes = packedSizes(node);
    if (columns === undefined || sizes === undefined || kept(columns) === undefined) return {};
    const left = cut(columns, sizes).map((part) => (kept(part) ?? part)?.length ?? 0);
    const share = (left[0] ?? 0) / (sizes[0] ?? 1);
    return {
      attributes: {
        ...node.attributes,
        num_heads: attribute.int(Math.round(countOf(node) * share)),
        qkv_hidden_sizes: attribute.ints(left),
      },
    };
  },
};

/** Queries, keys and values of [batch, length, heads * size], in ONNX Runtime's order of inputs. */
function separateAxes(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const [query, key, value, bias, mask, added, ...past] = node.inputs;
  const isFlat = [query, key, value].every((each) => shapeOf(each)?.length === 3);
  const hasPast = past.some((each) => each !== undefined);
  if (!isFlat || hasPast || node.types.length > 1) return blockInputs(node, trace, takenTogether(node));
  const columns = [query, key, value].map((each) => trace.axis(each, 2));
  for (const each of [query, key, value]) trace.blockAll(each, takenTogether(node), [2]);
  trace.blockAll(mask, takenTogether(node));
  const widths = [query, key, value].map((each) => Number(shapeOf(each)?.[2]));
  if (bias !== undefined) {
    const parts = cut(trace.axis(bias, 0), widths);
    for (const [index, part] of parts.entries()) trace.join(columns[index], part);
    trace.mark(bias, 0, 'writes');
  }
  joinHeads(columns, countOf(node), trace);
  joinBias(added, firstsOf(columns[0], countOf(node)), trace);
  return [[undefined, undefined, columns[2]]];
}

const shrinkCount =
  (...names: readonly string[]): NonNullable<ChannelRule['shrink']> =>
  ({ node, trace, kept }) => {
    const columns = trace.axis(node.inputs[0], 2);
    const stay = kept(columns);
    if (columns === undefined || stay === undefined) return {};
    const counts = names.map((name) => {
      const heads = intAttribute(node.attributes, name, 1);
      return [name, attribute.int(Math.round((heads * stay.length) / columns.length))] as const;
    });
    return { attributes: { ...node.attributes, ...Object.fromEntries(counts) } };
  };

const separate: ChannelRule = { axes: separateAxes, shrink: shrinkCount('num_heads') };

/** Query, key, value, mask; [batch, length, heads * size], or [batch, heads, length, size]. */
function standardAxes(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const [query, key, value, mask, ...past] = node.inputs;
  const given = [query, key, value];
  const rank = shapeOf(query)?.length ?? 0;
  const isFlat = rank === 3;
  const alike = given.every((each) => shapeOf(each)?.length === rank);
  const place = isFlat ? 2 : 1;
  const columns = given.map((each) => trace.axis(each, place));
  const heads = isFlat ? intAttribute(node.attributes, 'q_num_heads', 1) : (columns[0]?.length ?? 1);
  const keyHeads = isFlat ? intAttribute(node.attributes, 'kv_num_heads', 1) : columns[1]?.length;
  const hasPast = past.some((each) => each !== undefined);
  if (!alike || rank < 3 || hasPast || node.types.length > 1 || heads !== keyHeads)
    return blockInputs(node, trace, takenTogether(node));
  for (const each of given) trace.blockAll(each, takenTogether(node), [place]);
  joinHeads(columns, heads, trace);
  const firsts = firstsOf(columns[0], heads);
  if (shapeOf(mask)?.length === 4) joinBias(mask, firsts, trace);
  else trace.blockAll(mask, takenTogether(node));
  return [isFlat ? [undefined, undefined, columns[2]] : [undefined, columns[2], undefined, undefined]];
}

const standard: ChannelRule = {
  axes: standardAxes,
  shrink: (shrinking) =>
    shapeOf(shrinking.node.inputs[0])?.length === 3
      ? shrinkCount('q_num_heads', 'kv_num_heads')(shrinking)
      : {},
};

export const attentionRules: ChannelRuleTable = { Attention: standard };

/** Those that only ONNX Runtime defines. */
export const fusedAttentionRules: ChannelRuleTable = { Attention: packed, MultiHeadAttention: separate };
