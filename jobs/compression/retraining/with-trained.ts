import { constant } from '../../../shared/onnx/build';
import type { ConstantValue, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { rewrite } from '../../../shared/onnx/walk';
import type { Weight } from '../../training/finetune/find-weights';
import type { Network, Weights } from '../../training/network';

/** What each constant that was learned, or that followed the data, has become. */
export function trainedTensors(
  weights: readonly Weight[],
  network: Network,
  trained: Weights,
): (value: ConstantValue) => Tensor | undefined {
  const byName = new Map(network.parameters.map(({ name }, index) => [name, trained.parameters[index]]));
  const learned = new Map(weights.map(({ name, value }) => [value, byName.get(name)]));
  const followed = new Map<unknown, Tensor | undefined>(
    network.statistics.map(({ initial }, index) => [initial, trained.statistics[index]]),
  );
  return (value) => learned.get(value) ?? followed.get(value.tensor);
}

/** A model that was trained, and what each value of it was before. */
export interface Retrained {
  readonly model: Model;
  /** By the values of the model that was given, in today's operators. */
  readonly became: ReadonlyMap<Value, Value>;
}

/** The same model with other numbers in the place of its constants. */
export function withTensors(model: Model, tensorOf: (value: ConstantValue) => Tensor | undefined): Retrained {
  const became = new Map<Value, Value>();
  const graph = rewrite(model.graph, (value, rebuilt) => {
    const tensor = value.kind === 'constant' ? tensorOf(value) : undefined;
    const made = tensor && value.kind === 'constant' ? constant(tensor, value.name) : rebuilt;
    became.set(value, made);
    return made;
  });
  return { model: { ...model, graph }, became };
}
