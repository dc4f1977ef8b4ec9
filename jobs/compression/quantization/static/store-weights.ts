import { attribute, floatAttribute } from '../../../../shared/onnx/attributes';
import { constant, floats, operation, scalar, tensor } from '../../../../shared/onnx/build';
import type { ConstantValue, Model, OperationValue, Value } from '../../../../shared/onnx/ir';
import { consumersOf, rewrite } from '../../../../shared/onnx/walk';
import type { LayerDecision, Passed } from '../../pass';
import { withBoundsOnIntegers } from './absorb-bounds';
import type { Rewritten } from './insert-pairs';
import { dequantize, type Grid, gridOf, isDequantize, isQuantize } from './pairs';
import { numbersOf, reachOf, storedOnGrid } from './to-grid';

export interface StoredForm {
  /** 7 bits: what training has moved beyond them is brought back. */
  readonly reduceRange?: boolean;
}

/**
 * A model whose weights stand as floats before pairs, with its weights as int8, its biases as int32, and a Relu before
 * integers done on integers: the same answers, but for the rounding of biases. What has no pairs stays as it is.
 */
export function storeWeights(model: Model, form: StoredForm = {}): Passed {
  const { graph, became } = withStoredWeights(model, form);
  const layers = [...became].flatMap(([before, after]) => decisionOf(before, after) ?? []);
  return { model: graph === model.graph ? model : { ...model, graph }, layers };
}

/** The graph of `storeWeights`. */
export function withStoredWeights({ graph }: Model, form: StoredForm): Rewritten {
  const became = new Map<Value, Value>();
  const stored = new Map<Value, Value>();
  const readers = consumersOf(graph.outputs.map(({ value }) => value));
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const isReadOnce = (value: Value) => readers.get(value)?.length === 1 && !outputs.has(value);
  const replacement = (value: Value, rebuilt: Value): Value | undefined => {
    if (value.kind !== 'operation' || rebuilt.kind !== 'operation') return undefined;
    if (isQuantize(value)) return withBoundsOnIntegers(value, rebuilt, isReadOnce);
    const found = pairedWeight(rebuilt);
    if (found === undefined) return undefined;
    const weight = stored.get(found.pair) ?? storedWeight(found, form);
    stored.set(found.pair, weight);
    return withWeight(rebuilt, weight, found.grid);
  };
  const result = rewrite(graph, (value, rebuilt) => {
    const made = replacement(value, rebuilt) ?? rebuilt;
    became.set(value, made);
    return made;
  });
  return { graph: result, became };
}

interface PairedWeight {
  readonly weight: ConstantValue;
  readonly grid: Grid;
  /** The DequantizeLinear. */
  readonly pair: OperationValue;
}

const multiplying = new Set(['Conv', 'MatMul', 'Gemm']);

/** The float weights of a layer that reads them rounded. */
function pairedWeight({ op, domain, inputs: [, pair] }: OperationValue): PairedWeight | undefined {
  if (domain !== '' || !multiplying.has(op) || !isDequantize(pair)) return undefined;
  const [quantized] = pair.inputs;
  const grid = gridOf(pair);
  const weight = isQuantize(quantized) ? quantized.inputs[0] : undefined;
  return grid && weight?.kind === 'constant' ? { weight, grid, pair } : undefined;
}

function storedWeight({ weight, grid }: PairedWeight, { reduceRange = false }: StoredForm): OperationValue {
  return dequantize(storedOnGrid(weight, grid, reduceRange ? [-64, 64] : reachOf(grid)), grid);
}

function withWeight(
  { op, inputs, attributes }: OperationValue,
  weight: Value,
  weights: Grid,
): OperationValue {
  const [activations, , bias] = inputs;
  const grid = isDequantize(activations) ? gridOf(activations) : undefined;
  const factor = floatAttribute(attributes, 'alpha', 1);
  const stored =
    bias?.kind === 'constant' && grid !== undefined ? storedBias(bias, { grid, weights, factor }) : bias;
  return operation(op, [activations, weight, ...(stored === undefined ? [] : [stored])], attributes);
}

interface Sum {
  /** Of the activations. */
  readonly grid: Grid;
  readonly weights: Grid;
  readonly factor: number;
}

const int32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1];

/** A bias in the steps of the sum that it is added to: a step of the activations times one of the weights. */
function storedBias(
  { tensor: addends, name }: ConstantValue,
  { grid, weights, factor }: Sum,
): OperationValue {
  const step = Number(grid.scale.tensor.data[0]) * factor;
  const scales = Float32Array.from(numbersOf(weights.scale.tensor), (scale) => scale * step);
  const [low, high] = int32;
  const whole = numbersOf(addends).map((addend, at) => {
    const scale = scales[scales.length === 1 ? 0 : at] ?? 1;
    return Math.min(high, Math.max(low, Math.round(addend / scale)));
  });
  const named = (part: string) => (name === undefined ? undefined : `${name}.${part}`);
  const isScalar = weights.axis === undefined;
  const scale = constant(isScalar ? scalar(scales[0] ?? 1) : floats([scales.length], scales), named('scale'));
  const integers = constant(tensor('int32', addends.dims, whole), named('int32'));
  return operation('DequantizeLinear', [integers, scale], isScalar ? {} : { axis: attribute.int(0) });
}

function decisionOf(before: Value, after: Value): LayerDecision | undefined {
  const found = before.kind === 'operation' ? pairedWeight(before) : undefined;
  if (before.kind !== 'operation' || found === undefined) return undefined;
  const { weight, grid } = found;
  return {
    layer: weight.name ?? before.op,
    operator: before.op,
    shape: weight.tensor.dims,
    bytesBefore: floatBytes(weight),
    bytesAfter: storedBytes(weight, grid),
    results: { before, after },
  };
}

export const floatBytes = ({ tensor: { data } }: ConstantValue): number => data.length * 4;

/** One byte a weight, and for each scale four and one of its zero point. */
export const storedBytes = ({ tensor: { data } }: ConstantValue, { scale }: Grid): number =>
  data.length + scale.tensor.data.length * 5;
