import type { ModelSpec } from '../../shared/contracts/training/model-spec';
import { attribute } from '../../shared/onnx/attributes';
import { operation } from '../../shared/onnx/build';
import type { Value } from '../../shared/onnx/ir';

/** How a parameter is drawn before the first step; see `initial-weights.ts`. */
export type Initialiser = 'he' | 'glorot' | 'zeros';

/** A tensor that is learned. Weights are `[inputs, outputs]`, biases `[outputs]`. */
export interface ParameterSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly initialiser: Initialiser;
}

/** A model without its weights: in training they are a loop's states, in the exported model constants. */
export interface Network {
  readonly parameters: readonly ParameterSpec[];
  /** `features` is `[batch, inputs]`, the answer `[batch, outputs]`; parameters in the order of their specs. */
  readonly forward: (features: Value, parameters: readonly Value[]) => Value;
}

export interface Sizes {
  readonly inputs: number;
  readonly outputs: number;
}

type Activation = (value: Value) => Value;

const activations: Readonly<Record<'relu' | 'tanh' | 'gelu', Activation>> = {
  relu: (value) => operation('Relu', [value]),
  tanh: (value) => operation('Tanh', [value]),
  /** Gaussian error linear unit by its tanh approximation (Hendrycks and Gimpel, 2016). */
  gelu: (value) => operation('Gelu', [value], { approximate: attribute.string('tanh') }),
};

interface LinearLayer extends Sizes {
  readonly name: string;
  readonly initialiser: Initialiser;
}

/** An affine map; the bias is the addend of the same Gemm. */
function linear({ name, inputs, outputs, initialiser }: LinearLayer): Network {
  return {
    parameters: [
      { name: `${name}.weight`, dims: [inputs, outputs], initialiser },
      { name: `${name}.bias`, dims: [outputs], initialiser: 'zeros' },
    ],
    forward: (features, [weight, bias]) => operation('Gemm', [features, weight, bias]),
  };
}

/** One network after another, an activation in between. */
function stack(layers: readonly Network[], activation: Activation): Network {
  const parameters = layers.flatMap((layer) => layer.parameters);
  const forward: Network['forward'] = (features, given) => {
    let value = features;
    let used = 0;
    for (const [index, layer] of layers.entries()) {
      const own = given.slice(used, used + layer.parameters.length);
      value = layer.forward(index === 0 ? value : activation(value), own);
      used += own.length;
    }
    return value;
  };
  return { parameters, forward };
}

type Family<K extends ModelSpec['family']> = (
  spec: Extract<ModelSpec, { family: K }>,
  sizes: Sizes,
) => Network;

/** Every model family by the name it has in a train spec. */
const families: { readonly [K in ModelSpec['family']]: Family<K> } = {
  // convex, so zeros are as good a start as any, and a repeatable one
  linear: (_, sizes) => linear({ ...sizes, name: 'linear', initialiser: 'zeros' }),
  mlp: ({ hidden_units, activation }, { inputs, outputs }) => {
    const hiddenInitialiser = activation === 'tanh' ? 'glorot' : 'he';
    const widths = [inputs, ...hidden_units];
    const hidden = hidden_units.map((units, index) =>
      linear({
        name: `hidden_${index}`,
        inputs: widths[index] ?? inputs,
        outputs: units,
        initialiser: hiddenInitialiser,
      }),
    );
    const last = linear({ name: 'output', inputs: widths.at(-1) ?? inputs, outputs, initialiser: 'glorot' });
    return stack([...hidden, last], activations[activation]);
  },
};

/** The network that a spec asks for, between this many features and outputs. */
export function networkOf(spec: ModelSpec, sizes: Sizes): Network {
  return spec.family === 'linear' ? families.linear(spec, sizes) : families.mlp(spec, sizes);
}
