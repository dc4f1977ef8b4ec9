import { intAttribute } from '../../../../shared/onnx/attributes';
import { operation } from '../../../../shared/onnx/build';
import { castTo, multiply, subtract } from '../../../../shared/onnx/expressions';
import type { LayerRecipe } from '../choose-layers';
import { encodingOf, type StoredForm, storedBytes } from '../store-weights';
import type { WeightedLayer } from '../weighted-layers';
import type { DynamicTools } from './dynamic-tools';

/** An embedding table `[entries, ...]`, with a scale for each entry; only what is looked up is decoded. */
export function gatherRecipe({ node, weights }: WeightedLayer, tools: DynamicTools): LayerRecipe | string {
  const [weight] = weights;
  const { dims } = weight.constant.tensor;
  if (dims.length < 2) return 'it looks up single numbers';
  if (weight.turned) return 'it reads its table through a Transpose';
  if (![0, -dims.length].includes(intAttribute(node.attributes, 'axis', 0)))
    return 'it looks up along another axis than the first';
  const { perChannel, symmetric, bits } = tools;
  const form: StoredForm = { dims, ...(perChannel ? { axis: 0 } : {}), symmetric, bits, signed: true };
  const groups = perChannel ? dims.map((size, axis) => (axis === 0 ? size : 1)) : [];
  return {
    encodings: [encodingOf(form)],
    bytes: [storedBytes(form)],
    build: ({ inputs: [, ids], attributes }) => {
      const stored = tools.weightOf(weight.constant, form);
      const lookUp = (table: typeof stored.values) => operation('Gather', [table, ids], attributes);
      const ofEntries = (each: typeof stored.values) => (perChannel ? lookUp(each) : each);
      const whole = lookUp(stored.values);
      const numbers = castTo(whole, 'float');
      const steps = symmetric
        ? numbers
        : subtract(numbers, castTo(ofEntries(stored.zeroPoints(groups)), 'float'));
      return multiply(steps, ofEntries(stored.scales(groups)));
    },
  };
}
