import { intAttribute } from '../../../../shared/onnx/attributes';
import { elementCount } from '../../../../shared/onnx/element-types';
import type { Dimension, OperationValue } from '../../../../shared/onnx/ir';
import { knownEntries } from '../../../../shared/onnx/known-values';
import { axesOf } from '../../../../shared/onnx/operators/reduction';
import { fromFront, shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import {
  blockInputs,
  type ChannelRule,
  type ChannelRuleTable,
  editEntries,
  type NodeParts,
  newSizes,
  type Shrinking,
  unclear,
} from './channel-rule';

/** Neighbouring axes before and after that hold the same elements, in the same order. */
interface Segment {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Axes from the back: what has been taken of one shape, and how many elements that is. */
class Taken {
  readonly axes: number[] = [];
  count = 1;

  private readonly sizes: readonly Dimension[];
  private next: number;

  constructor(sizes: readonly Dimension[], last: number) {
    this.sizes = sizes;
    this.next = last;
  }

  /** False where there is no further axis of a known size. */
  take(): boolean {
    const size = this.sizes[this.next];
    if (typeof size !== 'number' || size < 1) return false;
    this.axes.unshift(this.next--);
    this.count *= size;
    return true;
  }
}

const isNamed = (size: Dimension): boolean => typeof size === 'string';

/** Segments from the back on, as far as the sizes are known. */
function segmentsFromBack(from: readonly Dimension[], to: readonly Dimension[]): readonly Segment[] {
  const segments: Segment[] = [];
  for (let [i, j] = [from.length - 1, to.length - 1]; i >= 0 && j >= 0; ) {
    if (isNamed(from[i]) && from[i] === to[j]) {
      segments.push({ from: [i--], to: [j--] });
      continue;
    }
    const [a, b] = [new Taken(from, i), new Taken(to, j)];
    let goesOn = a.take() && b.take();
    while (goesOn && a.count !== b.count) goesOn = a.count < b.count ? a.take() : b.take();
    if (!goesOn) break;
    segments.push({ from: a.axes, to: b.axes });
    [i, j] = [i - a.axes.length, j - b.axes.length];
  }
  return segments;
}

/** Segments from the back, and from the front for what is left: sizes that only the run decides are in none. */
function segmentsOf(from: readonly Dimension[], to: readonly Dimension[]): readonly Segment[] {
  const back = segmentsFromBack(from, to);
  const [restFrom, restTo] = [from, to].map((sizes, side) => {
    const taken = back.flatMap((segment) => (side === 0 ? segment.from : segment.to));
    return sizes.slice(0, Math.min(sizes.length, ...taken));
  });
  const mirror = (axes: readonly number[], length: number) => axes.map((axis) => length - 1 - axis).reverse();
  const [a = [], b = []] = [restFrom, restTo];
  const front = segmentsFromBack(a.toReversed(), b.toReversed());
  return [
    ...back,
    ...front.map((segment) => ({
      from: mirror(segment.from, a.length),
      to: mirror(segment.to, b.length),
    })),
  ];
}

interface Layout {
  readonly sizes: readonly number[];
  readonly trace: ChannelTrace;
}

const strideOf = (sizes: readonly number[], axis: number): number => elementCount(sizes.slice(axis + 1));

/** The channels of a segment's elements, one after the other. At most one of its axes can have some. */
function flattened(axes: readonly Axis[], { sizes, trace }: Layout): Axis {
  const at = axes.findIndex((axis) => axis !== undefined);
  const axis = axes[at];
  for (const other of axes.slice(at + 1)) trace.block(other, 'they are laid out in one with others');
  if (axis === undefined) return undefined;
  const stride = strideOf(sizes, at);
  return Int32Array.from(
    { length: elementCount(sizes) },
    (_, place) => axis[Math.floor(place / stride) % axis.length] ?? 0,
  );
}

/** Whether what lies at an index along an axis is one channel, wherever it lies on the others. */
function isAlong(axis: number, flat: Int32Array, { sizes, trace }: Layout): boolean {
  const [stride, size] = [strideOf(sizes, axis), sizes[axis] ?? 1];
  return flat.every((channel, place) => {
    const first = flat[(Math.floor(place / stride) % size) * stride] ?? channel;
    return channel === first || trace.sets.find(channel) === trace.sets.find(first);
  });
}

/**
 * Channels laid out over several axes: they run along one of them. Where they do not yet, whole stretches of them become one
 * channel of the outermost axis, as the columns of one attention head do.
 */
function spread(flat: Int32Array, layout: Layout): readonly Axis[] {
  const { sizes, trace } = layout;
  const large = sizes.flatMap((size, axis) => (size > 1 ? [axis] : []));
  const chosen = large.find((axis) => isAlong(axis, flat, layout)) ?? large[0] ?? 0;
  const [stride, size] = [strideOf(sizes, chosen), sizes[chosen] ?? 1];
  const along = Int32Array.from({ length: size }, (_, index) => flat[index * stride] ?? 0);
  for (const [place, channel] of flat.entries())
    trace.sets.join(along[Math.floor(place / stride) % size] ?? channel, channel);
  return sizes.map((_, axis) => (axis === chosen ? along : undefined));
}

const numbersAt = (sizes: readonly Dimension[], axes: readonly number[]): number[] =>
  axes.map((axis) => Number(sizes[axis]));

/** The sizes before and after; one that is copied has a name where it has no number. */
function sizesOf(node: OperationValue): { from?: readonly Dimension[]; to?: readonly Dimension[] } {
  const [from, to] = [shapeOf(node.inputs[0]), shapeOf(node)];
  const entries = node.op === 'Reshape' && node.inputs[1] ? knownEntries(node.inputs[1]) : undefined;
  if (from === undefined || to === undefined) return {};
  const copied = (index: number) =>
    copiesZeros(node) && entries?.[index] === 0 ? `axis ${index}` : undefined;
  return {
    from: from.map((size, index) => size ?? `axis ${index}`),
    to: to.map((size, index) => size ?? copied(index)),
  };
}

const copiesZeros = (node: OperationValue): boolean => intAttribute(node.attributes, 'allowzero', 0) === 0;

function reshaped(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const axes = trace.axesOf(node.inputs[0]);
  const { from, to } = sizesOf(node);
  if (axes === undefined || from === undefined || to === undefined)
    return blockInputs(node, trace, unclear(node));
  const result = new Array<Axis>(to.length).fill(undefined);
  const done = new Set<number>();
  for (const segment of segmentsOf(from, to)) {
    for (const axis of segment.from) done.add(axis);
    const parts = segment.from.map((axis) => axes[axis]);
    const flat = flattened(parts, { sizes: numbersAt(from, segment.from), trace });
    if (flat === undefined) continue;
    const laid = spread(flat, { sizes: numbersAt(to, segment.to), trace });
    for (const [index, axis] of segment.to.entries()) result[axis] = laid[index];
  }
  for (const [index, axis] of axes.entries()) if (!done.has(index)) trace.block(axis, unclear(node));
  return [result];
}

/** Sizes that the node is told; what it is to work out (-1) or to copy (0) it still does. */
function tellSizes({ node, inputs, trace, kept }: Shrinking): NodeParts {
  const given = inputs[1];
  const entries = given && knownEntries(given);
  const edits = [...newSizes(trace.axesOf(node), kept)].filter(([index]) => {
    const entry = entries?.[index];
    return entry !== -1 && !(entry === 0 && copiesZeros(node));
  });
  if (given === undefined || edits.length === 0) return {};
  return { inputs: inputs.with(1, editEntries(given, new Map(edits))) };
}

/** Without names it drops whatever has one index, which may be the last channel that is left: then all of them stay. */
const squeezing: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const named = axesOf(node);
    if (axes === undefined || named === undefined || named.length === 0)
      return blockInputs(node, trace, unclear(node));
    const dropped = new Set(named.map((axis) => fromFront(axis, axes.length)));
    return [axes.filter((_, index) => !dropped.has(index))];
  },
};

const unsqueezing: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const named = axesOf(node);
    if (axes === undefined || named === undefined) return blockInputs(node, trace, unclear(node));
    const rank = axes.length + named.length;
    const added = new Set(named.map((axis) => fromFront(axis, rank)));
    const rest = axes.values();
    return [Array.from({ length: rank }, (_, index) => (added.has(index) ? undefined : rest.next().value))];
  },
};

/** Operators that lay the same elements out in another shape. */
export const reshapeRules: ChannelRuleTable = {
  Reshape: { axes: reshaped, shrink: tellSizes },
  Flatten: { axes: reshaped },
  Squeeze: squeezing,
  Unsqueeze: unsqueezing,
};
