import { attribute } from '../../../../shared/onnx/attributes';
import { constant, floats, operation, scalar, tensor } from '../../../../shared/onnx/build';
import type { ConstantValue, Model, OperationValue, Value } from '../../../../shared/onnx/ir';
import { consumersOf, rewrite } from '../../../../shared/onnx/walk';
import type { LayerDecision, Passed } from '../../pass';
import type { Rewritten } from './insert-pairs';
import { type GridLayer, missingChannels, withFurtherChannels, withZeroInputs } from './pad-channels';
import { dequantize, type Grid, gridOf, isDequantize, isQuantize } from './pairs';
import { wholeNumbersOf } from './stay-whole';
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
  const names = new Map<string, number>();
  const layers = [...became].flatMap(([before, after]) => decisionOf(before, after, names) ?? []);
  return { model: graph === model.graph ? model : { ...model, graph }, layers };
}

/** The graph of `storeWeights`. */
export function withStoredWeights({ graph }: Model, form: StoredForm): Rewritten {
  const became = new Map<Value, Value>();
  const stored = new Map<Value, ConstantValue>();
  const readers = consumersOf(graph.outputs.map(({ value }) => value));
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const isReadOnce = (value: Value) => readers.get(value)?.length === 1 && !outputs.has(value);
  const replacement = (value: Value, rebuilt: Value): Value | undefined => {
    if (value.kind !== 'operation' || rebuilt.kind !== 'operation') return undefined;
    if (isQuantize(value)) return wholeNumbersOf(value, rebuilt, isReadOnce);
    const found = pairedLayer(rebuilt);
    if (found === undefined) return undefined;
    const weight = stored.get(found.pair) ?? storedWeight(found, form);
    stored.set(found.pair, weight);
    return withWeight(found, weight);
  };
  const result = rewrite(graph, (value, rebuilt) => {
    const made = replacement(value, rebuilt) ?? rebuilt;
    became.set(value, made);
    return made;
  });
  return { graph: result, became };
}

interface PairedLayer extends GridLayer {
  /** The DequantizeLinear of the weights. */
  readonly pair: OperationValue;
  readonly activations: OperationValue;
  readonly activationGrid: Grid;
}

const multiplying = new Set(['Conv', 'MatMul', 'Gemm']);

/** A layer that reads its activations and its float weights rounded. */
function pairedLayer(node: OperationValue): PairedLayer | undefined {
  const [activations, pair] = node.inputs;
  if (node.domain !== '' || !multiplying.has(node.op)) return undefined;
  if (!isDequantize(pair) || !isDequantize(activations)) return undefined;
  const [grid, activationGrid] = [gridOf(pair), gridOf(activations)];
  const weight = isQuantize(pair.inputs[0]) ? pair.inputs[0].inputs[0] : undefined;
  if (weight?.kind !== 'constant' || grid === undefined || activationGrid === undefined) return undefined;
  return { node, weight, grid, pair, activations, activationGrid };
}

function storedWeight(layer: PairedLayer, { reduceRange = false }: StoredForm): ConstantValue {
  const { weight, grid } = layer;
  const stored = storedOnGrid(weight, grid, reduceRange ? [-64, 64] : reachOf(grid));
  const more = missingChannels(layer);
  return more === 0 ? stored : withZeroInputs(stored, more);
}

function withWeight(layer: PairedLayer, stored: ConstantValue): OperationValue {
  const { node, grid, activations, activationGrid } = layer;
  const bias = node.inputs[2];
  const sum = { activations: activationGrid, weights: grid };
  const addend = bias?.kind === 'constant' ? storedBias(bias, sum) : bias;
  const more = missingChannels(layer);
  const input = more === 0 ? activations : withFurtherChannels(layer, more);
  const inputs = [input, dequantize(stored, grid), ...(addend === undefined ? [] : [addend])];
  return operation(node.op, inputs, node.attributes);
}

interface Sum {
  readonly activations: Grid;
  readonly weights: Grid;
}

const int32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1];

/** A bias in the steps of the sum that it is added to: a step of the activations times one of the weights. */
function storedBias({ tensor: addends, name }: ConstantValue, { activations, weights }: Sum): OperationValue {
  const step = Number(activations.scale.tensor.data[0]);
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

/** A weight's name for the first layer that reads it, and `#2`, `#3` and so on for others: as `layer-names.ts` has it. */
function uniqueName(name: string, taken: Map<string, number>): string {
  const copy = (taken.get(name) ?? 0) + 1;
  taken.set(name, copy);
  return copy === 1 ? name : `${name}#${copy}`;
}

function decisionOf(before: Value, after: Value, taken: Map<string, number>): LayerDecision | undefined {
  const found = before.kind === 'operation' ? pairedLayer(before) : undefined;
  if (found === undefined) return undefined;
  const { node, weight } = found;
  return {
    layer: uniqueName(weight.name ?? node.op, taken),
    operator: node.op,
    shape: weight.tensor.dims,
    bytesBefore: weight.tensor.data.length * 4,
    bytesAfter: storedBytes(found),
    results: { before, after },
  };
}

/** One byte a weight, and for each scale four and one of its zero point. */
export function storedBytes(layer: GridLayer): number {
  const { dims, data } = layer.weight.tensor;
  const more = missingChannels(layer);
  const padded = more === 0 ? 0 : (data.length / (dims[1] ?? 1)) * more;
  return data.length + padded + layer.grid.scale.tensor.data.length * 5;
}
