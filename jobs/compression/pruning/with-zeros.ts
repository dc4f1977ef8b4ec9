import { constant, tensor } from '../../../shared/onnx/build';
import type { ConstantValue, Model, Value } from '../../../shared/onnx/ir';
import { rewrite } from '../../../shared/onnx/walk';

/** The weight with zeros at the marked places, in its own element type. */
export function withZeros({ tensor: own, name }: ConstantValue, zeros: Uint8Array): ConstantValue {
  const { data } = own;
  if (data instanceof Float32Array || data instanceof Float64Array || data instanceof Uint16Array) {
    const sparse = data.map((element, at) => (zeros[at] === 1 ? 0 : element));
    return constant(tensor(own.elementType, own.dims, sparse), name);
  }
  return constant(own, name);
}

/** The model with these in place of weights; `nodes`: what each layer has become. */
export function replaceWeights(
  model: Model,
  replaced: ReadonlyMap<Value, ConstantValue>,
): { readonly model: Model; readonly nodes: ReadonlyMap<Value, Value> } {
  const nodes = new Map<Value, Value>();
  const graph = rewrite(model.graph, (value, rebuilt) => {
    nodes.set(value, rebuilt);
    return replaced.get(value);
  });
  return { model: { ...model, graph }, nodes };
}
