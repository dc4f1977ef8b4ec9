import { intAttribute } from '../../../../shared/onnx/attributes';
import { constant, tensor } from '../../../../shared/onnx/build';
import type { OperationValue } from '../../../../shared/onnx/ir';
import { knownInts } from '../../../../shared/onnx/known-values';
import { elementTypeOf, fromFront, rankOf, shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import { blockInputs, type ChannelRule, type ChannelRuleTable, editEntries, unclear } from './channel-rule';

/** One axis of a Slice. */
interface Cut {
  readonly axis: number;
  /** Where its numbers stand among the starts and the ends. */
  readonly place: number;
  /** From `start` up to but not including `end`, where both are known and each index is taken. */
  readonly range?: { readonly start: number; readonly end: number };
}

const within = (index: number, size: number): number =>
  Math.min(Math.max(index < 0 ? index + size : index, 0), size);

/** Undefined where the axes are not known. */
function cutsOf(node: OperationValue): readonly Cut[] | undefined {
  const [x, starts, ends, named, steps] = node.inputs;
  const shape = shapeOf(x);
  const [from, to, by] = [starts, ends, steps].map((value) => value && knownInts(value));
  const count = from?.length ?? shapeOf(starts)?.[0];
  const axes =
    named === undefined ? Array.from({ length: Number(count) }, (_, index) => index) : knownInts(named);
  if (shape === undefined || axes === undefined || Number.isNaN(Number(count))) return undefined;
  return axes.map((given, place) => {
    const axis = fromFront(given, shape.length);
    const [size, start, end] = [shape[axis], from?.[place], to?.[place]];
    const step = steps === undefined ? 1 : by?.[place];
    if (typeof size !== 'number' || start === undefined || end === undefined || step !== 1)
      return { axis, place };
    return { axis, place, range: { start: within(start, size), end: within(end, size) } };
  });
}

const slicing: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const cuts = cutsOf(node);
    if (axes === undefined || cuts === undefined) return blockInputs(node, trace, unclear(node));
    const result = [...axes];
    for (const { axis, range } of cuts) {
      if (range === undefined) trace.block(axes[axis], unclear(node));
      result[axis] = range && axes[axis]?.subarray(range.start, range.end);
    }
    return [result];
  },
  shrink({ node, inputs, trace, kept }) {
    const [starts, ends] = [new Map<number, number>(), new Map<number, number>()];
    for (const { axis, place, range } of cutsOf(node) ?? []) {
      const stay = kept(trace.axis(node.inputs[0], axis));
      if (stay === undefined || range === undefined) continue;
      starts.set(place, stay.filter((index) => index < range.start).length);
      ends.set(place, stay.filter((index) => index < range.end).length);
    }
    const [x, from, to, ...rest] = inputs;
    if (starts.size === 0 || from === undefined || to === undefined) return {};
    return { inputs: [x, editEntries(from, starts), editEntries(to, ends), ...rest] };
  },
};

/** Picks by numbers that the model holds, or looks rows up in a table. */
const gathering: ChannelRule = {
  axes(node, trace) {
    const [data, indices] = node.inputs;
    const [axes, others] = [trace.axesOf(data), trace.isFed(indices) ? trace.axesOf(indices) : undefined];
    const rank = rankOf(indices);
    if (axes === undefined || rank === undefined) return blockInputs(node, trace, unclear(node));
    const along = fromFront(intAttribute(node.attributes, 'axis', 0), axes.length);
    const places = axes.map((_, index) => index).filter((index) => index !== along);
    for (const index of places) trace.mark(data, index, 'writes');
    const own = axes[along];
    const picked = own && pick(node, own);
    if (picked === undefined) trace.block(own, unclear(node));
    if (rank !== 1) trace.block(picked, 'it is taken out alone');
    const middle = rank === 1 ? [picked ?? others?.[0]] : spreadOver(rank, others);
    return [[...axes.slice(0, along), ...middle, ...axes.slice(along + 1)]];
  },
  shrink({ node, inputs, trace, kept }) {
    const axes = trace.axesOf(node.inputs[0]) ?? [];
    const along = fromFront(intAttribute(node.attributes, 'axis', 0), axes.length);
    const own = axes[along];
    const stay = kept(own);
    const numbers = own && node.inputs[1] && knownInts(node.inputs[1]);
    if (own === undefined || stay === undefined || numbers === undefined) return {};
    const now = new Map(stay.map((index, place) => [index, place]));
    const left = numbers.flatMap((index) => now.get(index < 0 ? index + own.length : index) ?? []);
    const dims = rankOf(node.inputs[1]) === 0 ? [] : [left.length];
    const elementType = elementTypeOf(node.inputs[1]) ?? 'int64';
    return { inputs: inputs.with(1, constant(tensor(elementType, dims, left))) };
  },
};

const spreadOver = (rank: number, others: readonly Axis[] | undefined): readonly Axis[] =>
  Array.from({ length: rank }, (_, index) => others?.[index]);

/** The channels that are picked; undefined where they are not known before the run. */
function pick(node: OperationValue, own: Int32Array): Int32Array | undefined {
  const indices = node.inputs[1] && (rankOf(node.inputs[1]) ?? 2) < 2 ? knownInts(node.inputs[1]) : undefined;
  return indices && Int32Array.from(indices, (index) => own.at(index) ?? 0);
}

/** Operators that take parts out by number. */
export const indexingRules: ChannelRuleTable = { Slice: slicing, Gather: gathering };
