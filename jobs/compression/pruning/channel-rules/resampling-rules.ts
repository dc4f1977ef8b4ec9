import { attributeOf, intAttribute } from '../../../../shared/onnx/attributes';
import type { OperationValue } from '../../../../shared/onnx/ir';
import { knownEntries } from '../../../../shared/onnx/known-values';
import { fromFront, shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import {
  blockInputs,
  type ChannelRule,
  type ChannelRuleTable,
  editEntries,
  newSizes,
  takenTogether,
  unclear,
} from './channel-rule';

/** Where the numbers of an axis stand among the sizes or scales; -1 where they are not there. */
function placeOf(node: OperationValue, axis: number, rank: number): number {
  const axes = attributeOf.ints(node.attributes, 'axes');
  return axes === undefined ? axis : axes.findIndex((each) => fromFront(each, rank) === axis);
}

/** Whether each index of an axis stays where it is. */
function isUntouched(node: OperationValue, axis: number): boolean {
  const [x, , scales, sizes] = node.inputs;
  const before = shapeOf(x);
  const place = placeOf(node, axis, before?.length ?? 0);
  if (attributeOf.string(node.attributes, 'coordinate_transformation_mode') === 'tf_crop_and_resize')
    return false;
  if (place < 0) return true;
  if (sizes !== undefined)
    return typeof before?.[axis] === 'number' && shapeOf(node)?.[axis] === before[axis];
  return scales !== undefined && knownEntries(scales)?.[place] === 1;
}

/** Space is resampled, and channels pass. */
const resizing: ChannelRule = {
  axes(node, trace) {
    const axes = trace.axesOf(node.inputs[0]);
    if (axes === undefined) return blockInputs(node, trace, unclear(node));
    return [
      axes.map((axis, index) => {
        if (isUntouched(node, index)) return axis;
        trace.block(axis, takenTogether(node));
        return undefined;
      }),
    ];
  },
  shrink({ node, inputs, trace, kept }) {
    const sizes = inputs[3];
    const axes = trace.axesOf(node) ?? [];
    const edits = [...newSizes(axes, kept)]
      .map(([axis, size]) => [placeOf(node, axis, axes.length), size] as const)
      .filter(([place]) => place >= 0);
    if (sizes === undefined || edits.length === 0) return {};
    return { inputs: inputs.with(3, editEntries(sizes, new Map(edits))) };
  },
};

const blockSize = (node: OperationValue): number => intAttribute(node.attributes, 'blocksize', 1) ** 2;

/** Channels of one pixel's block become one channel: they go together. */
const depthToSpace: ChannelRule = {
  axes(node, trace) {
    const [x] = node.inputs;
    const channels = trace.axis(x, 1);
    trace.blockAll(x, takenTogether(node), [0, 1]);
    const count = (channels?.length ?? 0) / blockSize(node);
    const isRowFirst = attributeOf.string(node.attributes, 'mode') === 'CRD';
    const kindOf = (index: number) => (isRowFirst ? Math.floor(index / blockSize(node)) : index % count);
    const made = channels?.filter((_, index) => (isRowFirst ? index % blockSize(node) === 0 : index < count));
    for (const [index, channel] of (channels ?? []).entries())
      trace.sets.join(channel, made?.[kindOf(index)] ?? channel);
    return [[trace.axis(x, 0), made, undefined, undefined]];
  },
};

/** Each channel becomes one for each pixel of a block. */
const spaceToDepth: ChannelRule = {
  axes(node, trace) {
    const [x] = node.inputs;
    const channels: Axis = trace.axis(x, 1);
    trace.blockAll(x, takenTogether(node), [0, 1]);
    const made =
      channels &&
      Int32Array.from(
        { length: channels.length * blockSize(node) },
        (_, index) => channels[index % channels.length] ?? 0,
      );
    return [[trace.axis(x, 0), made, undefined, undefined]];
  },
};

/** Operators that resample images. */
export const resamplingRules: ChannelRuleTable = {
  Resize: resizing,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
