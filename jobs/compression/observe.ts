import type { Model, Value } from '../../shared/onnx/ir';
import { everyValue } from '../../shared/onnx/walk';

/** A model that gives out values of its inside. */
export interface Observed {
  /** It has no other outputs: what they alone rest on is not computed. */
  readonly model: Model;
  /** The output that each value has become. */
  readonly names: ReadonlyMap<Value, string>;
}

function namesIn({ graph }: Model): readonly string[] {
  const values = everyValue(graph.outputs.map(({ value }) => value));
  const named = [...graph.inputs, ...values].flatMap((value) =>
    (value.kind === 'input' || value.kind === 'constant') && value.name !== undefined ? [value.name] : [],
  );
  return [...named, ...graph.outputs.map(({ name }) => name)];
}

/** No name of the model begins with it. */
function freePrefix(model: Model): string {
  const names = namesIn(model);
  let prefix = 'observed_';
  while (names.some((name) => name.startsWith(prefix))) prefix = `${prefix}_`;
  return prefix;
}

/** A model whose outputs are these values of the outermost graph, each once. */
export function observe(model: Model, values: readonly Value[]): Observed {
  const prefix = freePrefix(model);
  const outputs = [...new Set(values)].map((value, at) => ({ name: `${prefix}${at}`, value }));
  return {
    model: { ...model, graph: { ...model.graph, outputs } },
    names: new Map(outputs.map(({ name, value }) => [value, name])),
  };
}
