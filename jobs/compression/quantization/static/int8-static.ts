import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import type { Model, OperationValue, Value } from '../../../../shared/onnx/ir';
import type { Ranges } from '../../calibration/range';
import type { LayerDecision, Pass, Passed } from '../../pass';
import { activationGrids } from './activation-grids';
import { type Grids, insertPairs, type Rewritten } from './insert-pairs';
import { planStatic, type StaticPlan } from './plan-static';
import { storedBytes, withStoredWeights } from './store-weights';
import { type WeightForm, weightGrids } from './weight-grids';
import type { FoundLayer } from './weighted-layers';

export interface StaticSettings extends WeightForm {
  /** Of the very model that the pass is given. */
  readonly ranges: Ranges;
  /** Activations reach as far under zero as above it, but those that are never under zero. */
  readonly symmetricActivations: boolean;
  /** Layers that stay in floats, by their names in the report. */
  readonly keep: readonly string[];
  /** False: weights stay floats before their pairs, so that they can be trained; `storeWeights` ends that. */
  readonly storedWeights?: boolean;
}

/** The first opset whose QuantizeLinear takes a scale for each channel. */
const oldestOpset = 13;

/**
 * Activations on calibrated ranges and weights as 8-bit integers, in pairs of QuantizeLinear and DequantizeLinear (ONNX 13):
 * ONNX Runtime computes what stands between pairs on integers. What lies between two such layers (residual sums, pooling,
 * movements) is int8 too; all else stays in floats.
 */
export function int8Static(settings: StaticSettings): Pass {
  return {
    name: 'int8_static',
    apply(model: Model): Passed {
      const plan = planStatic(model, new Set(settings.keep));
      if (plan.layers.size === 0) return { model, layers: plan.found.map((found) => keptLayer(found, plan)) };
      checkOpset(model);
      const activations = activationGrids(plan, settings.ranges, settings.symmetricActivations);
      const grids = { activations, weights: weightGrids(plan, activations, settings) };
      const { graph, became } = withPairs(model, plan, grids, settings);
      const layers = plan.found.map((found) => decisionOf(found, { plan, grids, became }));
      return { model: { ...model, graph }, layers };
    },
  };
}

function checkOpset({ opsets }: Model): void {
  const opset = opsets[''] ?? 0;
  if (opset >= oldestOpset) return;
  throw new UnsuitableModelError(
    `the model uses ONNX opset ${opset}, and static int8 needs ${oldestOpset} or later: export it again with a newer one`,
  );
}

function withPairs(
  model: Model,
  plan: StaticPlan,
  grids: Grids,
  { storedWeights = true, reduceRange }: StaticSettings,
): Rewritten {
  const paired = insertPairs(model, plan, grids);
  if (!storedWeights) return paired;
  const stored = withStoredWeights({ ...model, graph: paired.graph }, { reduceRange });
  const became = [...paired.became].map(([value, pair]) => [value, stored.became.get(pair) ?? pair] as const);
  return { graph: stored.graph, became: new Map(became) };
}

interface Done {
  readonly plan: StaticPlan;
  readonly grids: Grids;
  readonly became: Rewritten['became'];
}

const keptLayer = ({ node, weight, kept }: FoundLayer, { names }: StaticPlan): LayerDecision => ({
  layer: names.get(node) ?? node.op,
  operator: node.op,
  shape: weight.tensor.dims,
  bytesBefore: weight.tensor.data.length * 4,
  bytesAfter: weight.tensor.data.length * 4,
  kept: kept ?? 'nothing beside it is int8',
});

function decisionOf(found: FoundLayer, { plan, grids, became }: Done): LayerDecision {
  const { layer, weight } = found;
  const grid = grids.weights.get(weight);
  if (layer === undefined || grid === undefined) return keptLayer(found, plan);
  const before = visibleResult(layer.result, plan);
  const after = became.get(before);
  return {
    layer: plan.names.get(layer.node) ?? layer.node.op,
    operator: layer.node.op,
    shape: weight.tensor.dims,
    bytesBefore: weight.tensor.data.length * 4,
    bytesAfter: storedBytes({ node: layer.node, weight, grid }),
    ...(after === undefined ? {} : { results: { before, after } }),
  };
}

/** A layer's result as others read it: behind the Relu that its integers take over. */
function visibleResult(result: OperationValue, { stored, readers, between }: StaticPlan): Value {
  const [reader] = readers.get(result) ?? [];
  const isAbsorbed = !stored.has(result) && reader?.kind === 'operation' && between.get(reader) === 'bounds';
  return isAbsorbed ? reader : result;
}
