import { elementCount, elementFormats } from '../../../shared/onnx/element-types';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import { consumersOf } from '../../../shared/onnx/walk';
import { layerNames } from '../layer-names';
import type { LayerDecision } from '../pass';
import type { ChannelAnalysis } from './channel-groups';
import type { Axis } from './channel-sets';
import { type KeptChannels, keeper } from './remove-channels';

/** What weights go through on their way into a layer. */
const between = new Set(['Unsqueeze', 'Squeeze', 'Transpose', 'Reshape', 'Concat', 'Cast', 'Identity']);

function readerOf(
  weight: Value,
  consumers: ReadonlyMap<Value, readonly Value[]>,
): OperationValue | undefined {
  let value: Value | undefined = weight;
  do value = consumers.get(value)?.[0];
  while (value?.kind === 'operation' && between.has(value.op));
  return value?.kind === 'operation' ? value : undefined;
}

const bytesOf = ({ tensor: { elementType } }: ConstantValue, dims: readonly number[]): number =>
  (elementCount(dims) * elementFormats[elementType].bits) / 8;

/** Why no index along any of the axes can go. */
function reasonOf(axes: readonly Axis[], { trace }: ChannelAnalysis): string {
  const labels = axes.flatMap((axis) => [...(axis ?? [])]);
  const reasons = labels.flatMap((label) => trace.sets.reason(label) ?? []);
  return reasons[0] ?? 'all of its channels stay';
}

interface ReadWeight {
  readonly weight: ConstantValue;
  readonly axes: readonly Axis[];
  readonly reader: OperationValue;
}

function readWeights({ model, trace }: ChannelAnalysis): readonly ReadWeight[] {
  const consumers = consumersOf(model.graph.outputs.map(({ value }) => value));
  return [...trace.constants].flatMap(([weight, axes]) => {
    const isWeight = weight.tensor.dims.length > 1 && axes.some((axis) => axis && trace.roles.has(axis));
    const reader = isWeight ? readerOf(weight, consumers) : undefined;
    return reader === undefined ? [] : [{ weight, axes, reader }];
  });
}

/** What becomes of each layer with matrices or kernels: what these weigh before and after, and why they stay whole. */
export function shrunkLayers(analysis: ChannelAnalysis, channels: KeptChannels): readonly LayerDecision[] {
  const names = layerNames(analysis.model.graph);
  const kept = keeper(analysis, channels);
  const layers = new Map<OperationValue, LayerDecision>();
  for (const { weight, axes, reader } of readWeights(analysis)) {
    const { dims } = weight.tensor;
    const left = dims.map((size, index) => kept(axes[index])?.length ?? size);
    const known = layers.get(reader);
    const bytesBefore = bytesOf(weight, dims) + (known?.bytesBefore ?? 0);
    const bytesAfter = bytesOf(weight, left) + (known?.bytesAfter ?? 0);
    layers.set(reader, {
      layer: names.get(reader) ?? reader.op,
      operator: reader.op,
      shape: known?.shape ?? dims,
      bytesBefore,
      bytesAfter,
      ...(bytesAfter < bytesBefore ? {} : { kept: reasonOf(axes, analysis) }),
    });
  }
  return [...layers.values()];
}
