import type { Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { consumersOf } from '../../../shared/onnx/walk';
import { scalingOf } from './channel-scaling';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';
import { tensorSize } from './constant-cones';
import { scalableLayer } from './scaled-layers';

type IsSole = (value: Value) => boolean;

/** So small a weight may be stored twice, in bytes. */
const small = 1024;

/** The layer before a node with what the node does in its weights. */
function absorbed(node: OperationValue, isSole: IsSole): readonly OperationValue[] | undefined {
  for (const input of node.inputs) {
    const layer = input?.kind === 'operation' ? scalableLayer(input) : undefined;
    const scaling = layer && scalingOf(node, layer.channels);
    if (layer === undefined || scaling === undefined || scaling.x !== input || !layer.nodes.every(isSole))
      continue;
    if (!isSole(layer.weight) && tensorSize(layer.weight.tensor) > small) continue;
    const nodes = layer.scaled(scaling);
    if (nodes !== undefined) return nodes;
  }
  return undefined;
}

/**
 * Folds BatchNormalization, and arithmetic with one constant per channel, into the weights of the Conv, ConvTranspose, Gemm or
 * MatMul before it, or of the BatchNormalization: where nobody else reads that layer's result, nor its weights, which would be
 * stored twice. In floats and doubles only: rounding a weight to 16 bits again would show.
 */
export const foldScaling = {
  name: 'fold_scaling',
  apply(model: Model): Cleaned {
    const roots = model.graph.outputs.map(({ value }) => value);
    const consumers = consumersOf(roots);
    const given = new Set(roots);
    // in the new graph; what is made here is read by what it is made for alone
    const shared = new Set<Value>();
    return replaceIn(model, (value, rebuilt) => {
      const readers = consumers.get(value)?.length ?? 0;
      const nodes = rebuilt.kind === 'operation' ? absorbed(rebuilt, (each) => !shared.has(each)) : undefined;
      const result = nodes?.at(-1);
      if (readers > 1 || given.has(value)) shared.add(result ?? rebuilt);
      return result;
    });
  },
} satisfies CleaningPass;
