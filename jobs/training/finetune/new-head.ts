import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { ints } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { printType } from '../../../shared/onnx/shapes';
import { activation } from '../layers/activation';
import { dense } from '../layers/dense';
import { globalAveragePooling } from '../layers/pooling';
import { pure, sequential } from '../layers/sequential';
import type { Network } from '../network';
import { rowDims } from './cut-graph';

/** Operators behind which channels are the second axis, and behind which they are the last. */
const channelsSecond = new Set([
  'Conv',
  'ConvTranspose',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'BatchNormalization',
  'InstanceNormalization',
  'GroupNormalization',
]);
const channelsLast = new Set([
  'MatMul',
  'Gemm',
  'FusedMatMul',
  'LayerNormalization',
  'SkipLayerNormalization',
  'RMSNormalization',
  'Attention',
  'Transpose',
  'Gather',
  'Reshape',
]);

/** Which layout the last operator speaks of that tells; images have channels second, all else last. */
function hasChannelsSecond(value: Value, rank: number): boolean {
  let at: Value | undefined = value;
  while (at !== undefined) {
    if (at.kind === 'projection') at = at.of;
    if (at.kind !== 'operation') break;
    if (channelsSecond.has(at.op)) return true;
    if (channelsLast.has(at.op)) return false;
    at = at.inputs[0];
  }
  return rank === 4;
}

/** How a value of several places becomes one of each row. */
interface Pooling {
  readonly network: Network;
  readonly features: number;
  /** For people. */
  readonly how: string;
}

const meanOfPlaces = (rank: number): Network =>
  pure((value) =>
    operation('ReduceMean', [value, ints(Array.from({ length: rank - 2 }, (_, axis) => axis + 1))], {
      keepdims: attribute.int(0),
    }),
  );

/** One number of each row, or one of each channel: the mean over all places. `UnsuitableModelError` where sizes are open. */
export function poolingOf(value: Value): Pooling {
  const dims = rowDims(value);
  if (dims === undefined || dims.length === 0)
    throw new UnsuitableModelError(
      `a head needs a value of known sizes in each row, and this one is ${printType(value.type)}: name another output`,
    );
  const rank = dims.length + 1;
  if (rank === 2) return { network: sequential(), features: dims[0] ?? 0, how: 'read as it is' };
  if (hasChannelsSecond(value, rank))
    return { network: globalAveragePooling, features: dims[0] ?? 0, how: 'the mean of each channel' };
  return { network: meanOfPlaces(rank), features: dims.at(-1) ?? 0, how: 'the mean over its positions' };
}

export interface HeadOptions {
  readonly name: string;
  readonly hiddenUnits: readonly number[];
  readonly inputs: number;
  readonly outputs: number;
}

/** Hidden layers with rectifiers, then an affine map to the outputs. */
export function newHead({ name, hiddenUnits, inputs, outputs }: HeadOptions): Network {
  const widths = [inputs, ...hiddenUnits];
  const hidden = hiddenUnits.flatMap((units, index) => [
    dense({
      name: `${name}.hidden_${index}`,
      inputs: widths[index] ?? inputs,
      outputs: units,
      initialiser: 'he',
    }),
    activation('relu'),
  ]);
  const last = { name: `${name}.output`, inputs: widths.at(-1) ?? inputs, outputs };
  return sequential(...hidden, dense({ ...last, initialiser: 'glorot' }));
}
