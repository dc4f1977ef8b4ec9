import type { Graph, OperationValue } from '../../shared/onnx/ir';
import { everyValue } from '../../shared/onnx/walk';

/** What a node is known by: its weight's name, else its operator. */
function ownName({ op, inputs }: OperationValue): string {
  const weight = inputs.find((value) => value?.kind === 'constant' && value.name !== undefined);
  return weight?.kind === 'constant' && weight.name !== undefined ? weight.name : op;
}

/**
 * A name for each node of a graph, in bodies too: unique, and the same for the same graph on every run. Nodes of one name get
 * `#2`, `#3` and so on in topological order.
 */
export function layerNames(graph: Graph): ReadonlyMap<OperationValue, string> {
  const taken = new Set<string>();
  const names = new Map<OperationValue, string>();
  for (const value of everyValue(graph.outputs.map((output) => output.value))) {
    if (value.kind !== 'operation') continue;
    const name = ownName(value);
    let free = name;
    for (let copy = 2; taken.has(free); copy++) free = `${name}#${copy}`;
    taken.add(free);
    names.set(value, free);
  }
  return names;
}
