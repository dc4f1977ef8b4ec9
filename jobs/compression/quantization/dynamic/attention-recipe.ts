import { constant, floats, operation, output } from '../../../../shared/onnx/build';
import type { LayerRecipe } from '../choose-layers';
import { encodingOf, type StoredForm, storedBytes } from '../store-weights';
import type { WeightedLayer } from '../weighted-layers';
import type { DynamicTools } from './dynamic-tools';

/** What QAttention takes over; anything else that an Attention node says has no equal there. */
const sharedAttributes: ReadonlySet<string> = new Set([
  'num_heads',
  'unidirectional',
  'scale',
  'mask_filter_value',
]);

function refusal({ node }: WeightedLayer): string | undefined {
  const other = Object.keys(node.attributes).find((name) => !sharedAttributes.has(name));
  if (other !== undefined) return `the int8 Attention has no attribute '${other}'`;
  return node.inputs[5] !== undefined || node.inputs[6] !== undefined
    ? 'the int8 Attention takes no bias on the scores and no shared past'
    : undefined;
}

/** The packed projection of com.microsoft's Attention, weights `[size, 3 * hidden]`. */
export function attentionRecipe(layer: WeightedLayer, tools: DynamicTools): LayerRecipe | string {
  const reason = refusal(layer);
  if (reason !== undefined) return reason;
  const [weight] = layer.weights;
  const { dims } = weight.constant.tensor;
  const columns = dims[1] ?? 1;
  const { perChannel, symmetric, bits } = tools;
  const form: StoredForm = { dims, ...(perChannel ? { axis: 1 } : {}), symmetric, bits, signed: true };
  return {
    encodings: [encodingOf(form)],
    bytes: [storedBytes(form)],
    build: (node) => {
      const [input, , bias, mask, past] = node.inputs;
      if (input === undefined) return node;
      const stored = tools.weightOf(weight.constant, form);
      const quantized = tools.quantize(input);
      const groups = perChannel ? [columns] : [];
      return operation(
        'QAttention',
        [
          quantized,
          stored.values,
          bias ?? constant(floats([columns], new Float32Array(columns))),
          output(quantized, 1),
          stored.scales(groups),
          mask,
          output(quantized, 2),
          stored.zeroPoints(groups),
          past,
        ],
        node.attributes,
        { domain: 'com.microsoft', outputs: node.types.length, types: node.types },
      );
    },
  };
}
