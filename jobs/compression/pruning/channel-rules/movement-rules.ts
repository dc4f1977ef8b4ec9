import { attributeOf, intAttribute } from '../../../../shared/onnx/attributes';
import { output } from '../../../../shared/onnx/build';
import type { Dimension, OperationValue } from '../../../../shared/onnx/ir';
import { knownEntries, knownInts } from '../../../../shared/onnx/known-values';
import { fromFront, shapeOf, staticShape } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { ChannelTrace } from '../channel-trace';
import { broadcastAxes, operandOf } from './broadcast';
import {
  blockInputs,
  type ChannelRule,
  type ChannelRuleTable,
  editEntries,
  listLike,
  newSizes,
  takenTogether,
  unclear,
} from './channel-rule';

const transposition: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const order = attributeOf.ints(node.attributes, 'perm') ?? axes?.map((_, index) => index).reverse();
    return [axes && order?.map((axis) => axes.at(axis))];
  },
};

interface Part {
  readonly axis: Axis;
  readonly size: Dimension;
  /** Beside what rows decide, a constant is no channel. */
  readonly isConstant: boolean;
}

/** Parts that have none are given channels that stay. */
function partAxis({ axis, size, isConstant }: Part, trace: ChannelTrace): Axis {
  const own = axis ?? trace.sets.fresh(Number(size));
  if (axis === undefined || isConstant) trace.block(own, 'what stands in their place is never removed');
  return own;
}

function joinedAxis(parts: readonly Part[], trace: ChannelTrace): Axis {
  const isKnown = parts.every(({ size }) => typeof size === 'number');
  if (!isKnown)
    for (const { axis } of parts) trace.block(axis, 'the sizes of what is concatenated are not known');
  if (!isKnown || parts.every(({ axis }) => axis === undefined)) return undefined;
  return Int32Array.from(parts.flatMap((part) => [...(partAxis(part, trace) ?? [])]));
}

const concatenation: ChannelRule = {
  axes(node, trace) {
    const parts = node.inputs.flatMap((value) => (value === undefined ? [] : [value]));
    const rank = shapeOf(node)?.length;
    const operands = parts.map((value) => operandOf(value, trace));
    if (rank === undefined || operands.some((operand) => operand === undefined))
      return blockInputs(node, trace, unclear(node));
    const along = fromFront(intAttribute(node.attributes, 'axis', 0), rank);
    const pieces = parts.map((value) => ({
      axis: trace.axis(value, along),
      size: shapeOf(value)?.[along],
      isConstant: trace.isFed(node) && !trace.isFed(value),
    }));
    const whole = joinedAxis(pieces, trace);
    const others = operands.flatMap((operand) =>
      operand === undefined
        ? []
        : [{ ...operand, axes: operand.axes.with(along, undefined), sizes: operand.sizes.with(along, 1) }],
    );
    return [broadcastAxes(others, trace).with(along, whole)];
  },
};

/** Where the parts of a Split begin, and how long they are; undefined where that is not known. */
function partsOf(node: OperationValue, along: number): readonly number[] | undefined {
  return staticShape(node.types.map((_, index) => shapeOf(output(node, index))?.[along]));
}

const splitting: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    if (axes === undefined) return blockInputs(node, trace, unclear(node));
    const along = fromFront(intAttribute(node.attributes, 'axis', 0), axes.length);
    const sizes = partsOf(node, along);
    const whole = axes[along];
    if (sizes === undefined) trace.block(whole, unclear(node));
    let start = 0;
    return node.types.map((_, index) => {
      const from = start;
      start += sizes?.[index] ?? 0;
      return axes.with(along, sizes && whole?.subarray(from, start));
    });
  },
  shrink({ node, inputs, trace, kept }) {
    const axes = trace.axesOf(node.inputs[0]) ?? [];
    const along = fromFront(intAttribute(node.attributes, 'axis', 0), axes.length);
    if (kept(axes[along]) === undefined) return {};
    const sizes = node.types.map((_, index) => {
      const part = trace.axis(output(node, index), along);
      return (kept(part) ?? part)?.length ?? 0;
    });
    const { num_outputs: _, ...attributes } = node.attributes;
    return { inputs: [inputs[0], listLike(sizes, undefined)], attributes };
  },
};

const expansion: ChannelRule = {
  axes(node, trace) {
    const [axes, from, to] = [trace.axesOf(node.inputs[0]), shapeOf(node.inputs[0]), shapeOf(node)];
    if (axes === undefined || from === undefined || to === undefined)
      return blockInputs(node, trace, unclear(node));
    const more = to.length - from.length;
    return [
      to.map((size, index) => {
        const axis = axes[index - more];
        if (axis !== undefined && axis.length !== size) trace.block(axis, unclear(node));
        return axis?.length === size ? axis : undefined;
      }),
    ];
  },
  shrink({ node, inputs, trace, kept }) {
    const shape = inputs[1];
    const length = shapeOf(shape)?.[0];
    const axes = trace.axesOf(node) ?? [];
    if (shape === undefined || typeof length !== 'number') return {};
    const entries = knownEntries(shape);
    const edits = [...newSizes(axes, kept)]
      .map(([axis, size]) => [axis - axes.length + length, size] as const)
      .filter(([index]) => index >= 0 && entries?.[index] !== 1);
    return edits.length === 0 ? {} : { inputs: inputs.with(1, editEntries(shape, new Map(edits))) };
  },
};

const repetition: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const repeats = node.inputs[1] && knownEntries(node.inputs[1]);
    if (axes === undefined) return blockInputs(node, trace, unclear(node));
    return [
      axes.map((axis, index) => {
        const times = repeats?.[index];
        if (axis === undefined) return undefined;
        if (typeof times !== 'number') trace.block(axis, unclear(node));
        else return Int32Array.from({ length: axis.length * times }, (_, at) => axis[at % axis.length] ?? 0);
        return undefined;
      }),
    ];
  },
};

interface Padding {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
  /** Where its numbers stand in the list of all: that of the end comes as far behind. */
  readonly place: number;
  readonly count: number;
}

function paddings(node: OperationValue, rank: number): readonly Padding[] | undefined {
  const [, pads, , named] = node.inputs;
  const amounts = pads && knownEntries(pads);
  const axes = named === undefined ? Array.from({ length: rank }, (_, index) => index) : knownInts(named);
  if (amounts === undefined || axes === undefined) return undefined;
  return axes.map((axis, place) => ({
    axis: fromFront(axis, rank),
    before: Number(amounts[place] ?? Number.NaN),
    after: Number(amounts[place + axes.length] ?? Number.NaN),
    place,
    count: axes.length,
  }));
}

/** Channels that are put before and behind are removed with those that they are added to. */
function padded(axis: Axis, { before, after }: Padding, trace: ChannelTrace): Axis {
  if (axis === undefined || (before === 0 && after === 0)) return axis;
  if (!(before >= 0 && after >= 0)) return undefined;
  return Int32Array.from([...trace.sets.fresh(before), ...axis, ...trace.sets.fresh(after)]);
}

const isConstantPad = (node: OperationValue): boolean =>
  (attributeOf.string(node.attributes, 'mode') ?? 'constant') === 'constant';

const padding: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    const pads = axes && paddings(node, axes.length);
    if (axes === undefined || pads === undefined) return blockInputs(node, trace, unclear(node));
    const result = [...axes];
    for (const pad of pads) {
      const own = axes[pad.axis];
      const unmoved = pad.before === 0 && pad.after === 0;
      const made = isConstantPad(node) || unmoved ? padded(own, pad, trace) : undefined;
      if (made === undefined) trace.block(own, takenTogether(node));
      result[pad.axis] = made;
    }
    return [result];
  },
  shrink({ node, inputs, trace, kept }) {
    const axes = trace.axesOf(node.inputs[0]) ?? [];
    const amounts = inputs[1];
    const edits = (paddings(node, axes.length) ?? []).flatMap(({ axis, before, after, place, count }) => {
      const stay = before === 0 && after === 0 ? undefined : kept(trace.axis(node, axis));
      const end = before + (axes[axis]?.length ?? 0);
      if (stay === undefined) return [];
      return [
        [place, stay.filter((index) => index < before).length] as const,
        [place + count, stay.filter((index) => index >= end).length] as const,
      ];
    });
    if (amounts === undefined || edits.length === 0) return {};
    return { inputs: inputs.with(1, editEntries(amounts, new Map(edits))) };
  },
};

/** Sizes are told as they were: what is worked out of them was worked out for the whole model. */
const measured: ChannelRule = { axes: (node) => node.types.map(() => undefined) };

const lastTwo: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    trace.blockAll(node.inputs[1], takenTogether(node));
    for (const axis of axes?.slice(-2) ?? []) trace.block(axis, takenTogether(node));
    return [axes?.map((axis, index) => (index < axes.length - 2 ? axis : undefined))];
  },
};

/** Operators that move, repeat and measure. */
export const movementRules: ChannelRuleTable = {
  Transpose: transposition,
  Concat: concatenation,
  Split: splitting,
  Expand: expansion,
  Tile: repetition,
  Pad: padding,
  Trilu: lastTwo,
  Shape: measured,
};
