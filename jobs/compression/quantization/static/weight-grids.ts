import { constant, floats, scalar, tensor } from '../../../../shared/onnx/build';
import type { ConstantValue, Tensor, Value } from '../../../../shared/onnx/ir';
import { quantizeTensor } from '../quantize-tensor';
import type { Grid } from './pairs';
import type { StaticPlan } from './plan-static';
import { numbersOf } from './to-grid';
import type { WeightedLayer } from './weighted-layers';

/** How weights become int8. */
export interface WeightForm {
  /** A scale for each output channel, else one for the whole tensor. */
  readonly perChannel: boolean;
  /** Zero stays zero, and there is no zero point. */
  readonly symmetric: boolean;
  /** 7 bits. */
  readonly reduceRange: boolean;
}

/** Of integers of 32 bits, with room for what training may yet add to a bias. */
const largestBias = 2 ** 28;

/** A grid for each weight of a plan. */
export function weightGrids(
  { layers }: StaticPlan,
  activations: ReadonlyMap<Value, Grid>,
  form: WeightForm,
): ReadonlyMap<ConstantValue, Grid> {
  const sharing = new Map<ConstantValue, WeightedLayer[]>();
  for (const layer of layers.values())
    sharing.set(layer.weight, [...(sharing.get(layer.weight) ?? []), layer]);
  return new Map(
    [...sharing].map(([weight, [layer, ...others]]) => [
      weight,
      gridOf(weight, layer === undefined ? others : [layer, ...others], activations, form),
    ]),
  );
}

function gridOf(
  { tensor: weights, name }: ConstantValue,
  layers: readonly WeightedLayer[],
  activations: ReadonlyMap<Value, Grid>,
  { perChannel, symmetric, reduceRange }: WeightForm,
): Grid {
  const axis = perChannel ? layers[0]?.axis : undefined;
  // The kernel of convolutions takes one zero point for all channels.
  const sharesZero = perChannel && layers.some(({ op }) => op === 'Conv');
  const { scales, zeroPoints } = quantizeTensor(floatsOf(weights), weights.dims, {
    ...(axis === undefined ? {} : { axis }),
    symmetric: symmetric || sharesZero,
    bits: reduceRange ? 7 : 8,
    signed: true,
  });
  for (const layer of layers) fitBias(scales, layer, activations);
  const named = (part: string) => (name === undefined ? undefined : `${name}.${part}`);
  if (axis === undefined)
    return {
      scale: constant(scalar(scales[0] ?? 1), named('scale')),
      zeroPoint: constant(scalar(zeroPoints[0] ?? 0, 'int8'), named('zero_point')),
    };
  return {
    scale: constant(floats([scales.length], scales), named('scale')),
    zeroPoint: constant(tensor('int8', [zeroPoints.length], zeroPoints), named('zero_point')),
    axis,
  };
}

const floatsOf = (weights: Tensor): Float32Array =>
  weights.data instanceof Float32Array ? weights.data : Float32Array.from(numbersOf(weights));

/** A bias is stored in steps of both scales: where its channel's weights are next to nothing, larger steps lose nothing. */
function fitBias(
  scales: Float32Array,
  { bias, node }: WeightedLayer,
  activations: ReadonlyMap<Value, Grid>,
): void {
  const input = node.inputs[0];
  const grid = input && activations.get(input);
  if (bias === undefined || grid === undefined) return;
  const unit = Number(grid.scale.tensor.data[0]) * largestBias;
  numbersOf(bias.tensor).forEach((addend, channel) => {
    const at = scales.length === 1 ? 0 : channel;
    scales[at] = Math.max(scales[at] ?? 0, Math.abs(addend) / unit);
  });
}
