import { InvalidModelError } from '../../../shared/errors/graph-errors';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { everyValue } from '../../../shared/onnx/walk';
import {
  analyseChannels,
  type ChannelAnalysis,
  type ChannelGroup,
  type WeightAxis,
} from '../pruning/channel-groups';
import { removeChannels } from '../pruning/remove-channels';
import type { Cleaned, CleaningPass } from './cleaning-pass';
import { numbersOf } from './constant-numbers';
import { isUnread, type WeightLayer, weightLayer } from './weight-layer';

const valuesOf = ({ graph }: Model): readonly Value[] => everyValue(graph.outputs.map(({ value }) => value));

function isUnreadBy(layer: WeightLayer, input: number): boolean {
  const { from, to } = layer.readersOf(input);
  for (let output = from; output < to; output++) if (!isUnread(layer, input, output)) return false;
  return true;
}

/** Whether there is any channel that a layer does not read: most models have none, and are not looked at more closely. */
const mayHaveUnread = (model: Model): boolean =>
  valuesOf(model).some((value) => {
    const layer = value.kind === 'operation' ? weightLayer(value) : undefined;
    if (layer === undefined) return false;
    for (let input = 0; input < layer.inputs; input++) if (isUnreadBy(layer, input)) return true;
    return false;
  });

/** Operators that keep channels apart, each for itself: nothing of one channel comes into another. */
const apart: Readonly<Record<string, ReadonlySet<string>>> = {
  '': new Set(
    (
      'Identity Dropout Cast Relu LeakyRelu PRelu Elu Selu Celu Sigmoid Tanh Clip Softplus Softsign HardSigmoid HardSwish Gelu ' +
      'Erf Mish Swish Abs Neg Exp Sqrt Add Sub Mul Div Max Min Pow Sum BatchNormalization InstanceNormalization MaxPool ' +
      'AveragePool GlobalAveragePool GlobalMaxPool Resize Pad Concat Flatten Reshape Transpose Squeeze Unsqueeze'
    ).split(' '),
  ),
  'com.microsoft': new Set('Gelu QuickGelu FastGelu BiasGelu'.split(' ')),
};

const isReduction = (node: OperationValue): boolean => node.domain === '' && node.op.startsWith('Reduce');

/** Axes of its first input along which a node sums or compares otherwise than by weights of the model; undefined: maybe all. */
function mixedAxes(node: OperationValue): readonly number[] | undefined {
  if (apart[node.domain]?.has(node.op) || weightLayer(node) !== undefined) return [];
  const axes = node.inputs[1];
  return isReduction(node) && axes !== undefined ? knownInts(axes) : undefined;
}

/** Channels that something else than weights may sum over, or compare: those stay. */
function mixedChannels(
  model: Model,
  { trace, places }: ChannelAnalysis,
): ReadonlyMap<ChannelGroup, Set<number>> {
  const mixed = new Map<ChannelGroup, Set<number>>();
  const mix = (channel: number) => {
    const place = places.get(trace.sets.find(channel));
    if (place === undefined) return;
    mixed.set(place.group, (mixed.get(place.group) ?? new Set<number>()).add(place.channel));
  };
  for (const node of valuesOf(model)) {
    if (node.kind !== 'operation') continue;
    const some = mixedAxes(node)?.map((index) => trace.axis(node.inputs[0], index));
    const all = some ?? node.inputs.flatMap((input) => trace.axesOf(input) ?? []);
    for (const axis of all) axis?.forEach(mix);
  }
  return mixed;
}

/** Indices along an axis of which all elements are zero. */
function zeroIndices({ weight, axis }: WeightAxis): ReadonlySet<number> {
  const { dims } = weight.tensor;
  const numbers = numbersOf(weight);
  if (numbers === undefined) return new Set();
  const stretch = elementCount(dims.slice(axis + 1));
  const size = dims[axis] ?? 1;
  const zeros = new Set(Array.from({ length: size }, (_, index) => index));
  for (const [place, number] of numbers.entries())
    if (number !== 0) zeros.delete(Math.floor(place / stretch) % size);
  return zeros;
}

/** Channels of a group that are multiplied by zeros wherever they are read; one is left of each group. */
function keptOf(group: ChannelGroup, mixed: ReadonlySet<number> = new Set()): readonly number[] {
  const read = new Set(mixed);
  for (const weight of group.weights.filter(({ role }) => role === 'reads')) {
    const zeros = zeroIndices(weight);
    for (const [index, channel] of weight.channels.entries())
      if (channel >= 0 && !zeros.has(index)) read.add(channel);
  }
  const kept = [...read].sort((a, b) => a - b);
  return kept.length === 0 ? [0] : kept;
}

/** Forms that have no equal in today's operators are left alone. */
function analysed(model: Model): ChannelAnalysis | undefined {
  try {
    return analyseChannels(model);
  } catch (cause) {
    if (cause instanceof InvalidModelError) return undefined;
    throw cause;
  }
}

/**
 * Takes out channels that nobody reads, for the weights of all who could are zero: from the layer that makes them, all that they
 * pass through and those that do not read them. A model that has such is put into today's operators.
 */
export const dropUnreadChannels = {
  name: 'drop_unread_channels',
  apply(model: Model): Cleaned {
    const analysis = mayHaveUnread(model) ? analysed(model) : undefined;
    if (analysis === undefined) return { model, changes: 0 };
    const mixed = mixedChannels(analysis.model, analysis);
    const kept = new Map<string, readonly number[]>();
    let changes = 0;
    for (const group of analysis.groups) {
      const left = keptOf(group, mixed.get(group));
      if (group.kind !== 'channels' || left.length === group.size) continue;
      kept.set(group.name, left);
      changes += group.size - left.length;
    }
    return changes === 0 ? { model, changes } : { model: removeChannels(analysis, kept), changes };
  },
} satisfies CleaningPass;
