import { operation } from '../../../../shared/onnx/build';
import type { ConstantValue, Graph, Model, Value } from '../../../../shared/onnx/ir';
import { rewrite } from '../../../../shared/onnx/walk';
import { dataInputsOf, integerName } from './operator-roles';
import { type Grid, rounded } from './pairs';
import type { StaticPlan } from './plan-static';
import { rebuiltLayer, type WeightedLayer } from './weighted-layers';

/** A graph that came of another, and what each value of that one has become. */
export interface Rewritten {
  readonly graph: Graph;
  readonly became: ReadonlyMap<Value, Value>;
}

export interface Grids {
  readonly activations: ReadonlyMap<Value, Grid>;
  readonly weights: ReadonlyMap<ConstantValue, Grid>;
}

/**
 * Pairs of QuantizeLinear and DequantizeLinear around all that is planned: the graph computes in floats what integers will
 * give, up to rounding. Weights and biases stay floats.
 */
export function insertPairs({ graph }: Model, plan: StaticPlan, grids: Grids): Rewritten {
  const became = new Map<Value, Value>();
  const pairs = new Map<Value, Value>();
  const pairFor = (value: Value, rebuilt: Value, grid: Grid | undefined): Value => {
    if (grid === undefined) return rebuilt;
    const pair = pairs.get(value) ?? rounded(rebuilt, grid);
    pairs.set(value, pair);
    return pair;
  };
  const read = (value: Value, rebuilt: Value): Value =>
    plan.stored.has(value) ? rebuilt : pairFor(value, rebuilt, grids.activations.get(value));

  const layerOver = (layer: WeightedLayer): Value => {
    const { node, weight, bias } = layer;
    const [activations] = node.inputs;
    const input = activations && read(activations, became.get(activations) ?? activations);
    return rebuiltLayer(layer, [
      input,
      pairFor(weight, weight, grids.weights.get(weight)),
      ...(bias ? [bias] : []),
    ]);
  };
  const computed = (value: Value, rebuilt: Value): Value => {
    const layer = plan.layers.get(value);
    if (layer !== undefined) return layerOver(layer);
    if (value.kind !== 'operation' || rebuilt.kind !== 'operation' || !plan.between.has(value))
      return rebuilt;
    const data = dataInputsOf(value);
    const inputs = rebuilt.inputs.map((input, at) => {
      const given = data[at];
      return input && given ? read(given, input) : input;
    });
    // A node of several outputs stays the one that they are of: it reads what is stored alone.
    const op = integerName(rebuilt);
    if (op === rebuilt.op && inputs.every((input, at) => input === rebuilt.inputs[at])) return rebuilt;
    const { attributes, types } = rebuilt;
    return operation(op, inputs, attributes, { outputs: types.length });
  };
  const result = rewrite(graph, (value, rebuilt) => {
    const made = computed(value, rebuilt);
    const replaced = plan.stored.has(value) ? pairFor(value, made, grids.activations.get(value)) : made;
    became.set(value, replaced);
    return replaced;
  });
  return { graph: result, became };
}
