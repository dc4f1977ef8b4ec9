import { subgraphsOf } from './attributes';
import type { Graph, InputValue, Value } from './ir';
import { mapBodies } from './map-bodies';
import { everyValue, rewrite } from './walk';

function copyBody(body: Graph): Graph {
  const fresh = new Map<Value, InputValue>(body.inputs.map((bound) => [bound, { ...bound }]));
  const copy = rewrite(body, (value) => fresh.get(value));
  return copy === body ? { ...body } : copy;
}

function sharesBodies(graph: Graph): boolean {
  const nodes = everyValue(graph.outputs.map((given) => given.value));
  const bodies = nodes.flatMap((value) => (value.kind === 'operation' ? subgraphsOf(value.attributes) : []));
  return new Set(bodies).size < bodies.length;
}

/** The same graph in which no two nodes hold one and the same body: a file has room for each body in one place only. */
export function separateBodies(graph: Graph): Graph {
  let separate = graph;
  while (sharesBodies(separate)) {
    const seen = new Set<Graph>();
    const own = (body: Graph): Graph => {
      const chosen = seen.has(body) ? copyBody(body) : body;
      seen.add(chosen);
      return chosen;
    };
    separate = rewrite(separate, (_, rebuilt) => {
      const holds = rebuilt.kind === 'operation' && subgraphsOf(rebuilt.attributes).length > 0;
      return holds ? mapBodies(rebuilt, own) : undefined;
    });
  }
  return separate;
}
