import { attribute, intAttribute } from '../../../../shared/onnx/attributes';
import { operation, output } from '../../../../shared/onnx/build';
import { castTo, ints, multiply, reshape, subtract } from '../../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import { rankOf } from '../../../../shared/onnx/shapes';
import type { LayerRecipe } from '../choose-layers';
import { encodingOf, type StoredForm, type StoredWeight, storedBytes } from '../store-weights';
import type { Weight, WeightedLayer } from '../weighted-layers';
import type { DynamicTools } from './dynamic-tools';

/**
 * The kernel of ConvInteger is quick for uint8 weights alone (int8 ones took five times as long) and takes one zero point for
 * all channels, so that scales by channel are symmetric. Convolutions in groups are three times slower in it than in floats:
 * their weights are decoded when the model is loaded, and they compute as before.
 */
export function convRecipe({ node, weights }: WeightedLayer, tools: DynamicTools): LayerRecipe {
  const [weight] = weights;
  const { dims } = weight.constant.tensor;
  const form: StoredForm = {
    dims,
    ...(tools.perChannel ? { axis: 0 } : {}),
    symmetric: tools.symmetric || tools.perChannel,
    bits: tools.bits,
    signed: false,
  };
  const build = intAttribute(node.attributes, 'group', 1) === 1 ? integerConv : decodedConv;
  return {
    encodings: [encodingOf(form)],
    bytes: [storedBytes(form)],
    build: (rebuilt) => build(rebuilt, weight, { stored: tools.weightOf(weight.constant, form), tools }),
  };
}

interface Parts {
  readonly stored: StoredWeight;
  readonly tools: DynamicTools;
}

function integerConv(node: OperationValue, { constant }: Weight, { stored, tools }: Parts): Value {
  const [input, , bias] = node.inputs;
  if (input === undefined) return node;
  const quantized = tools.quantize(input);
  const whole = operation(
    'ConvInteger',
    [quantized, stored.values, output(quantized, 2), stored.zeroPoint()],
    node.attributes,
  );
  const channels = constant.tensor.dims[0] ?? 1;
  const scales = multiply(output(quantized, 1), stored.scales(tools.perChannel ? [channels] : []));
  const decoded = operation('DequantizeLinear', [whole, scales], { axis: attribute.int(1) });
  if (bias === undefined) return decoded;
  const rank = rankOf(input) ?? constant.tensor.dims.length;
  const shape = ints([1, channels, ...new Array<number>(rank - 2).fill(1)]);
  return operation('Add', [decoded, reshape(bias, shape)]);
}

function decodedConv(node: OperationValue, { constant }: Weight, { stored, tools }: Parts): Value {
  const { dims } = constant.tensor;
  const scales = stored.scales(tools.perChannel ? dims.map((size, axis) => (axis === 0 ? size : 1)) : []);
  const steps = subtract(castTo(stored.values, 'float'), castTo(stored.zeroPoint(), 'float'));
  const { op, inputs, attributes, types } = node;
  return operation(op, inputs.with(1, multiply(steps, scales)), attributes, { types });
}
