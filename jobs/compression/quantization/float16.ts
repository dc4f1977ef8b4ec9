import type { StepOf } from '../../../shared/contracts/compression/step-spec';
import { constant, tensor } from '../../../shared/onnx/build';
import { castTo } from '../../../shared/onnx/expressions';
import { toFloat16 } from '../../../shared/onnx/half';
import type { ConstantValue, Value } from '../../../shared/onnx/ir';
import { countOf, type RecipeOf } from './choose-layers';
import { readDecoded } from './read-decoded';
import { nameAfter, numbersOf } from './store-weights';
import { weightInputs } from './weight-inputs';
import { type WeightPass, weightPass } from './weight-pass';

const largestHalf = 65_504;

/**
 * Weights as float16, cast to float32 by the runtime when it loads the model: half the bytes of the file, and the same speed
 * and memory as before. CPUs have kernels of float16 for few operators, and the runtime casts back and forth around them, so
 * that activations stay float32 throughout.
 */
export const float16 = ({ keep }: Pick<StepOf<'float16'>, 'keep'>): WeightPass =>
  weightPass({
    name: 'float16',
    oldestOpset: 7,
    keep,
    largestShare: 0.5,
    weightInputs,
    recipes: halfRecipes,
  });

function halfRecipes(): RecipeOf {
  const made = new Map<ConstantValue, Value>();
  const decode = (weight: ConstantValue): Value => {
    const value = made.get(weight) ?? halved(weight);
    made.set(weight, value);
    return value;
  };
  return (layer) => {
    const tooLarge = layer.weights.some(({ constant: weight }) =>
      numbersOf(weight).some((value) => Math.abs(value) > largestHalf),
    );
    if (tooLarge) return `it holds values beyond ${largestHalf}, the largest of float16`;
    return {
      encodings: layer.weights.map(() => 'float16'),
      bytes: layer.weights.map(({ constant: weight }) => countOf(weight) * 2),
      build: (node) => readDecoded(node, layer, decode),
    };
  };
}

function halved(weight: ConstantValue): Value {
  const patterns = Uint16Array.from(numbersOf(weight), toFloat16);
  const stored = tensor('float16', weight.tensor.dims, patterns);
  return castTo(constant(stored, nameAfter(weight, 'float16')), 'float');
}
