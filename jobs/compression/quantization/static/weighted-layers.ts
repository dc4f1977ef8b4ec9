import { floatAttribute, intAttribute } from '../../../../shared/onnx/attributes';
import { constant, operation } from '../../../../shared/onnx/build';
import type { Attributes, ConstantValue, OperationValue, Value } from '../../../../shared/onnx/ir';
import { elementTypeOf, rankOf } from '../../../../shared/onnx/shapes';

/** A product of activations with weights that are part of the model. */
export interface WeightedLayer {
  /** Its first two inputs are the activations and the weights. */
  readonly node: OperationValue;
  readonly weight: ConstantValue;
  /** Of the weights: the one along which each output channel lies. */
  readonly axis: number;
  /** One number for each output channel, added to the product. */
  readonly bias?: ConstantValue;
  /** What it gives: the node, or the Add of the bias behind it. */
  readonly result: OperationValue;
  /** The operator that it is written as, and that operator's attributes. */
  readonly op: string;
  readonly attributes: Attributes;
  /** Its integer kernel gives integers alone. */
  readonly givesIntegers: boolean;
}

/** A layer that holds weights, and either how it is multiplied or why only floats can. */
export interface FoundLayer {
  readonly node: OperationValue;
  readonly weight: ConstantValue;
  readonly layer?: WeightedLayer;
  readonly kept?: string;
}

type Readers = ReadonlyMap<Value, readonly Value[]>;
type Form = (node: OperationValue, weight: ConstantValue, readers: Readers) => WeightedLayer | string;

/** A constant of one number for each of so many channels. */
function isRow(value: Value | undefined, channels: number | undefined): value is ConstantValue {
  return value?.kind === 'constant' && value.tensor.dims.length === 1 && value.tensor.dims[0] === channels;
}

const conv: Form = (node, weight, readers) => {
  const { op, attributes } = node;
  const [channels] = weight.tensor.dims;
  const bias = node.inputs[2];
  const layer = { node, weight, axis: 0, result: node, op, attributes, givesIntegers: true };
  if (bias === undefined) return { ...layer, ...biasBehind(node, channels, readers) };
  return isRow(bias, channels) ? { ...layer, bias } : 'its bias is computed';
};

const gemm: Form = (node, weight) => {
  const { op, attributes } = node;
  const axis = intAttribute(attributes, 'transB', 0) === 0 ? 1 : 0;
  const factor = floatAttribute(attributes, 'alpha', 1);
  const bias = node.inputs[2];
  if (intAttribute(attributes, 'transA', 0) !== 0) return 'it transposes its activations';
  if (factor !== 1) return `it multiplies its product by ${factor}`;
  const layer = { node, weight, axis, result: node, op, attributes, givesIntegers: false };
  if (bias === undefined) return layer;
  if (floatAttribute(attributes, 'beta', 1) !== 1) return 'it multiplies its bias';
  return isRow(bias, weight.tensor.dims[axis])
    ? { ...layer, bias }
    : 'its bias is computed, or is not one number for each column';
};

const matMul: Form = (node, weight, readers) => {
  const [, columns] = weight.tensor.dims;
  if (weight.tensor.dims.length !== 2) return `its weights are of rank ${weight.tensor.dims.length}, not 2`;
  const layer = { node, weight, axis: 1, result: node, op: 'MatMul', givesIntegers: false };
  const added = rankOf(node) === 2 ? biasBehind(node, columns, readers) : undefined;
  return added === undefined
    ? { ...layer, attributes: node.attributes }
    : { ...layer, ...added, op: 'Gemm', attributes: {} };
};

/** A number for each channel that the only reader of a product adds to it. */
function biasBehind(node: OperationValue, channels: number | undefined, readers: Readers) {
  const [reader, ...others] = readers.get(node) ?? [];
  if (reader?.kind !== 'operation' || reader.op !== 'Add' || others.length > 0) return undefined;
  const addend = reader.inputs.find((input) => input !== node);
  const bias = addend && rowOf(addend, channels, rankOf(node));
  return bias && { bias, result: reader };
}

/** One number for each channel, `[channels]` or broadcast over `[batch, channels, …]`, as a list. */
function rowOf(
  value: Value,
  channels: number | undefined,
  rank: number | undefined,
): ConstantValue | undefined {
  if (isRow(value, channels) && rank === 2) return value;
  if (value.kind !== 'constant' || channels === undefined || rank === undefined) return undefined;
  const { dims, data, elementType } = value.tensor;
  const isPerChannel = data.length === channels && dims.length <= rank && dims.at(1 - rank) === channels;
  return isPerChannel ? constant({ elementType, dims: [channels], data }, value.name) : undefined;
}

const noKernel: Form = ({ op }) => `ONNX Runtime has no integer kernel of ${op} with calibrated ranges`;

/** How layers with weights are multiplied, by operator. */
const forms: Readonly<Record<string, Form>> = {
  Conv: conv,
  Gemm: gemm,
  MatMul: matMul,
  ConvTranspose: noKernel,
  LSTM: noKernel,
  GRU: noKernel,
  RNN: noKernel,
};

const isOfFloats = (value: Value | undefined): boolean =>
  value === undefined || elementTypeOf(value) === 'float';

const holdsNumbers = ({ tensor }: ConstantValue): boolean =>
  tensor.data instanceof Float32Array && tensor.data.every(Number.isFinite);

/** A layer where a node is one: its right operand is a constant. */
export function weightedLayerOf(node: OperationValue, readers: Readers): FoundLayer | undefined {
  const form = node.domain === '' && Object.hasOwn(forms, node.op) ? forms[node.op] : undefined;
  const [activations, right] = node.inputs;
  const weight = right?.kind === 'constant' ? right : activations;
  if (form === undefined || weight?.kind !== 'constant') return undefined;
  const layer = weight === right ? form(node, weight, readers) : 'its weights stand on the left';
  if (typeof layer === 'string') return { node, weight, kept: layer };
  if (!node.inputs.every(isOfFloats))
    return { node, weight, kept: `its numbers are ${elementTypeOf(node)}, not float` };
  return holdsNumbers(weight) ? { node, weight, layer } : { node, weight, kept: 'it holds NaN or infinity' };
}

/** The same product over other inputs. */
export const rebuiltLayer = (
  { op, attributes }: WeightedLayer,
  inputs: readonly (Value | undefined)[],
): OperationValue => operation(op, inputs, attributes);
