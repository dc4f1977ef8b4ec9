import { attribute, subgraphsOf } from './attributes';
import { operation } from './build';
import type { Attribute, Graph, InputValue, OperationValue, Value } from './ir';
import { everyValue, rewrite } from './walk';

function copyBody(body: Graph): Graph {
  const fresh = new Map<Value, InputValue>(body.inputs.map((bound) => [bound, { ...bound }]));
  const copy = rewrite(body, (value) => fresh.get(value));
  return copy === body ? { ...body } : copy;
}

/** The node with copies of those bodies that were seen before. */
function separated(node: OperationValue, seen: Set<Graph>): OperationValue {
  const own = (body: Graph): Graph => {
    const chosen = seen.has(body) ? copyBody(body) : body;
    seen.add(chosen);
    return chosen;
  };
  const separate = (found: Attribute): Attribute => {
    if (found.type === 'graph') return attribute.graph(own(found.value));
    return found.type === 'graphs' ? attribute.graphs(found.value.map(own)) : found;
  };
  const names = Object.keys(node.attributes).sort();
  const entries = names.flatMap((name) => {
    const found = node.attributes[name];
    return found === undefined ? [] : [[name, separate(found)] as const];
  });
  const { op, domain, types } = node;
  return operation(op, node.inputs, Object.fromEntries(entries), { domain, outputs: types.length, types });
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
    separate = rewrite(separate, (_, rebuilt) => {
      if (rebuilt.kind !== 'operation') return undefined;
      const bodies = subgraphsOf(rebuilt.attributes);
      const repeated = bodies.some((body) => seen.has(body)) || new Set(bodies).size < bodies.length;
      if (repeated) return separated(rebuilt, seen);
      for (const body of bodies) seen.add(body);
      return undefined;
    });
  }
  return separate;
}
