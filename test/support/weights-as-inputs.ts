import { input, tensor } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Graph, InputValue, Tensor, Value } from '../../shared/onnx/ir';
import { shapeOf, staticShape } from '../../shared/onnx/shapes';
import { rewrite } from '../../shared/onnx/walk';

/** A model whose float weights are fed. */
export interface Opened {
  readonly graph: Graph;
  readonly weights: readonly InputValue[];
  readonly values: Readonly<Record<string, Tensor>>;
}

const block = 99_991;

/** Numbers in [-0.5, 0.5); drawn once for each 99,991 (a prime, so that rows differ), because models have millions of weights. */
export function noise(length: number, random: () => number): Float32Array {
  const drawn = Float32Array.from({ length: Math.min(length, block) }, () => random() - 0.5);
  const values = new Float32Array(length);
  for (let at = 0; at < length; at += block) values.set(drawn.subarray(0, Math.min(block, length - at)), at);
  return values;
}

/** Weights of a network that is not dead: He's range for matrices and kernels, around one for scales and variances. */
function lively(dims: readonly number[], random: () => number): Tensor {
  const values = noise(elementCount(dims), random);
  const spread = Math.sqrt(24 / elementCount(dims.slice(1)));
  for (let at = 0; at < values.length; at++)
    values[at] = dims.length === 1 ? 1 + (values[at] ?? 0) : spread * (values[at] ?? 0);
  return tensor('float', dims, values);
}

/** Sizes of a value that stands for weights: a float constant, or zeros that a file leaves to be filled. */
function weightSizes(value: Value): readonly number[] | undefined {
  const isFilled = value.kind === 'operation' && value.op === 'ConstantOfShape';
  const isFloat = value.type.kind === 'tensor' && value.type.elementType === 'float';
  const dims = value.kind === 'constant' || isFilled ? staticShape(shapeOf(value)) : undefined;
  return isFloat && dims !== undefined && elementCount(dims) > 1 ? dims : undefined;
}

/** Turns weights into inputs; with `fresh`, gives them new values too. */
export function weightsAsInputs(graph: Graph, random: () => number, fresh: boolean): Opened {
  const weights: InputValue[] = [];
  const values: Record<string, Tensor> = {};
  const opened = rewrite(graph, (value) => {
    const dims = weightSizes(value);
    if (dims === undefined) return undefined;
    const name = `weight_${weights.length}`;
    const weight = input(name, 'float', dims);
    weights.push(weight);
    values[name] = value.kind === 'constant' && !fresh ? value.tensor : lively(dims, random);
    return weight;
  });
  return { graph: opened, weights, values };
}
