import type { Model, OperationValue, Value } from '../../../../shared/onnx/ir';
import { inputsOf, postOrder } from '../../../../shared/onnx/post-order';
import { consumersOf, everyValue } from '../../../../shared/onnx/walk';
import { layerNames } from '../../layer-names';
import { type FoundLayer, weightedLayerOf } from './weighted-layers';

/** Below this, the steps into and out of integers take more bytes and time than the weights give back. */
const fewestWeights = 128;

/** A model's nodes as the plan of its quantization sees them. */
export interface Surveyed {
  /** Nodes of the outermost graph, inputs first. */
  readonly nodes: readonly OperationValue[];
  readonly names: ReadonlyMap<OperationValue, string>;
  /** Who reads each value, in bodies too. */
  readonly readers: ReadonlyMap<Value, readonly Value[]>;
  /** Values that the model gives out. */
  readonly outputs: ReadonlySet<Value>;
  /** Every layer with weights; those without `layer` stay in floats. */
  readonly found: readonly FoundLayer[];
}

const isOperation = (value: Value): value is OperationValue => value.kind === 'operation';

/** Finds a model's layers with weights, and which of them can be int8. */
export function survey({ graph }: Model, keep: ReadonlySet<string>): Surveyed {
  const roots = graph.outputs.map(({ value }) => value);
  const readers = consumersOf(roots);
  const names = layerNames(graph);
  const nodes = postOrder(roots, inputsOf).filter(isOperation);
  const outermost = new Set(nodes);
  const found = everyValue(roots)
    .filter(isOperation)
    .flatMap((node) => weightedLayerOf(node, readers) ?? [])
    .map((each) => {
      const kept = reasonToKeep(each, { outermost, wanted: keep.has(names.get(each.node) ?? '') });
      return kept === undefined ? each : { node: each.node, weight: each.weight, kept };
    });
  return {
    nodes,
    names,
    readers,
    outputs: new Set(roots),
    found: withoutOtherReaders(found, readers, roots),
  };
}

function reasonToKeep(
  { node, weight, kept }: FoundLayer,
  { outermost, wanted }: { outermost: ReadonlySet<Value>; wanted: boolean },
): string | undefined {
  if (wanted) return 'kept in floats as asked';
  if (!outermost.has(node)) return 'inside the body of an If, Loop or Scan, where no ranges are measured';
  if (kept !== undefined) return kept;
  const count = weight.tensor.data.length;
  return count < fewestWeights ? `${count} weights are too few to gain: under ${fewestWeights}` : undefined;
}

/** Weights that something else reads as floats, or other layers in another way, stay floats for all. */
function withoutOtherReaders(
  found: readonly FoundLayer[],
  readers: Surveyed['readers'],
  roots: readonly Value[],
): readonly FoundLayer[] {
  const layers = new Map<Value, FoundLayer>(found.map((each) => [each.node, each]));
  return found.map((each) => {
    const { node, weight, layer } = each;
    if (layer === undefined) return each;
    const other = (readers.get(weight) ?? []).find(
      (reader) => layers.get(reader)?.layer?.axis !== layer.axis,
    );
    if (roots.includes(weight)) return { node, weight, kept: "also read as floats, by the model's outputs" };
    if (other === undefined) return each;
    return { node, weight, kept: `also read as floats, by ${isOperation(other) ? other.op : other.kind}` };
  });
}
