import { constant, operation } from '../../../shared/onnx/build';
import type { ConstantValue, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { consumersOf, everyValue } from '../../../shared/onnx/walk';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';
import { constantLike, numbersOf } from './constant-numbers';
import { type Emitted, emittedConstants } from './emitted-constants';
import { isUnread, type WeightLayer, weightLayer, weightSum } from './weight-layer';

/** What a layer's weights and biases become once the constants among its inputs are in its bias. */
interface Folded {
  readonly weight: ConstantValue;
  /** To be added to each output. */
  readonly extra: readonly number[];
}

/** Inputs that are the same number everywhere, that the layer reads, and of which what it makes is one number per output. */
const foldable = (layer: WeightLayer, { numbers }: Emitted): readonly number[] =>
  [...numbers.keys()].filter((input) => {
    const number = numbers[input];
    if (number === undefined || (number !== 0 && !layer.isWhole)) return false;
    const { from, to } = layer.readersOf(input);
    for (let output = from; output < to; output++) if (!isUnread(layer, input, output)) return true;
    return false;
  });

function fold(layer: WeightLayer, emitted: Emitted): Folded | undefined {
  const inputs = foldable(layer, emitted);
  if (inputs.length === 0) return undefined;
  const weights = Float64Array.from(numbersOf(layer.weight) ?? []);
  const extra = new Array<number>(layer.outputs).fill(0);
  for (const input of inputs) {
    const { from, to } = layer.readersOf(input);
    for (let output = from; output < to; output++) {
      const sum = weightSum(layer, input, output) * (emitted.numbers[input] ?? 0);
      extra[output] = (extra[output] ?? 0) + sum;
      const place = layer.place(input, output);
      weights.fill(0, place, place + layer.size);
    }
  }
  return { weight: constantLike(layer.weight, layer.weight.tensor.dims, weights), extra };
}

/** The layer with its new weights; what is added goes into its bias, or, after a MatMul, has a node of its own. */
function remade(node: OperationValue, { bias, outputs }: WeightLayer, { weight, extra }: Folded): Value {
  const [x] = node.inputs;
  const isZero = extra.every((each) => each === 0);
  const biases = extra.map((each, output) => each + (bias?.[bias.length === 1 ? 0 : output] ?? 0));
  const { tensor } = constantLike(weight, [outputs], biases);
  const given = node.inputs[2];
  const name = given?.kind === 'constant' ? given.name : undefined;
  if (node.op === 'MatMul') {
    const product = operation('MatMul', [x, weight]);
    return isZero ? product : operation('Add', [product, constant(tensor)]);
  }
  const inputs = isZero ? [x, weight, ...node.inputs.slice(2)] : [x, weight, constant(tensor, name)];
  return operation(node.op, inputs, node.attributes);
}

/**
 * Puts channels that are the same number everywhere, whatever the model is given, into the bias of the layers that read them:
 * those of which all weights are zero, and what activations, normalizations and pooling make of them. The layers' weights for
 * them become zero, so that nobody reads these channels any more. Where a window hangs over the border, only for zeros.
 */
export const foldConstantChannels = {
  name: 'fold_constant_channels',
  apply(model: Model): Cleaned {
    const roots = model.graph.outputs.map(({ value }) => value);
    const emitted = emittedConstants(everyValue(roots));
    if (emitted.size === 0) return { model, changes: 0 };
    const consumers = consumersOf(roots);
    return replaceIn(model, (value, rebuilt) => {
      if (value.kind !== 'operation' || rebuilt.kind !== 'operation') return undefined;
      const layer = weightLayer(value);
      const x = layer?.x && emitted.get(layer.x);
      if (layer === undefined || x?.axis !== layer.axis || x.numbers.length !== layer.inputs)
        return undefined;
      if ((consumers.get(layer.weight)?.length ?? 0) > 1) return undefined;
      const folded = fold(layer, x);
      return folded && remade(rebuilt, layer, folded);
    });
  },
} satisfies CleaningPass;
