import { attributeOf, intAttribute } from '../../../../shared/onnx/attributes';
import { operation } from '../../../../shared/onnx/build';
import { transpose } from '../../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import type { LayerRecipe } from '../choose-layers';
import { encodingOf, type StoredForm, storedBytes } from '../store-weights';
import type { Weight, WeightedLayer } from '../weighted-layers';
import type { DynamicTools } from './dynamic-tools';

/** What DynamicQuantizeLSTM has no words for. */
function refusal({ node, weights }: WeightedLayer): string | undefined {
  const { attributes, inputs } = node;
  if (weights.length < 2) return 'one of its weights is computed';
  if (intAttribute(attributes, 'layout', 0) !== 0)
    return 'the int8 LSTM has the batch second, this one first';
  if (inputs[7] !== undefined) return 'it has peepholes, for which there is no integer kernel';
  return attributeOf.int(attributes, 'hidden_size') === undefined ? 'its hidden size is not said' : undefined;
}

/** Weights `[directions, 4 * hidden, size]`; a scale for each row of each direction, or for each direction. */
export function lstmRecipe(layer: WeightedLayer, tools: DynamicTools): LayerRecipe | string {
  const reason = refusal(layer);
  if (reason !== undefined) return reason;
  const forms = layer.weights.map((weight) => formOf(weight, tools));
  return {
    encodings: forms.map(encodingOf),
    bytes: forms.map(storedBytes),
    build: (node) => quantizedLstm(node, layer, tools),
  };
}

/** By row, the kernel takes no zero points. */
function formOf({ constant }: Weight, { perChannel, symmetric, bits }: DynamicTools): StoredForm {
  const [directions = 1, gates = 1, size = 1] = constant.tensor.dims;
  const dims = perChannel ? [directions * gates, size] : [directions, gates * size];
  return { dims, axis: 0, symmetric: symmetric || perChannel, bits, signed: true };
}

function quantizedLstm(node: OperationValue, { weights }: WeightedLayer, tools: DynamicTools): Value {
  const parts = weights.map((weight) => {
    const stored = tools.weightOf(weight.constant, formOf(weight, tools));
    const groups = weight.constant.tensor.dims.slice(0, tools.perChannel ? 2 : 1);
    return {
      matrix: transpose(stored.values, [0, 2, 1]),
      scales: stored.scales(groups),
      zeroPoints: stored.zeroPoints(groups),
    };
  });
  const [w, r] = parts;
  const { inputs, types } = node;
  const [x, , , ...rest] = inputs;
  const others = Array.from({ length: 5 }, (_, at) => rest[at]);
  return operation(
    'DynamicQuantizeLSTM',
    [x, w?.matrix, r?.matrix, ...others, w?.scales, w?.zeroPoints, r?.scales, r?.zeroPoints],
    node.attributes,
    { domain: 'com.microsoft', outputs: types.length, types },
  );
}
