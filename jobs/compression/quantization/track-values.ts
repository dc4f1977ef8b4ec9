import type { Graph, Value } from '../../../shared/onnx/ir';

/** A changed graph, and what became of the values that were followed. */
export interface Tracked {
  readonly graph: Graph;
  readonly values: readonly Value[];
}

/** Changes a graph and tells what became of some of its values, in bodies too. */
export function trackValues(
  graph: Graph,
  values: readonly Value[],
  change: (graph: Graph) => Graph,
): Tracked {
  const followed = values.map((value, at) => ({ name: `followed_${at}`, value }));
  const changed = change({ ...graph, outputs: [...graph.outputs, ...followed] });
  const own = graph.outputs.length;
  return {
    graph: { ...changed, outputs: changed.outputs.slice(0, own) },
    values: changed.outputs.slice(own).map(({ value }) => value),
  };
}
