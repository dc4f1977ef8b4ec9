import { subgraphsOf } from './attributes';
import { operation } from './build';
import type { Graph, Value } from './ir';
import { mapBodies } from './map-bodies';
import { placeValues, type Scope } from './place-values';
import { rewrite } from './walk';

/** Positions of outputs whose values cannot carry the output's name: they stand elsewhere, or have a name already. */
function homeless({ graph, parent, nodes }: Scope): ReadonlySet<number> {
  const standing = new Set<Value>(nodes);
  const named = new Set<Value>();
  const positions = graph.outputs.flatMap(({ name, value }, index) => {
    const own =
      parent === undefined &&
      value.kind !== 'operation' &&
      value.kind !== 'projection' &&
      value.name === name;
    const stands = standing.has(value.kind === 'projection' ? value.of : value) && !named.has(value);
    named.add(value);
    return own || stands ? [] : [index];
  });
  return new Set(positions);
}

const carried = (graph: Graph, positions: ReadonlySet<number> | undefined): Graph =>
  positions === undefined || positions.size === 0
    ? graph
    : {
        ...graph,
        outputs: graph.outputs.map((given, index) =>
          positions.has(index) ? { ...given, value: operation('Identity', [given.value]) } : given,
        ),
      };

/** The same graph in which each output can be written under its own name, by an Identity where need be. */
export function carryOutputs(graph: Graph): Graph {
  const { root, scopes } = placeValues(graph);
  const found = new Map([...scopes.values()].map((scope) => [scope.graph, homeless(scope)]));
  if ([...found.values()].every((positions) => positions.size === 0)) return graph;
  const inside = rewrite(graph, (value, rebuilt) => {
    if (value.kind !== 'operation' || rebuilt.kind !== 'operation') return undefined;
    const before = subgraphsOf(value.attributes);
    if (!before.some((body) => found.get(body)?.size)) return undefined;
    const originals = before.values();
    return mapBodies(rebuilt, (body) => carried(body, found.get(originals.next().value ?? body)));
  });
  return carried(inside, found.get(root.graph));
}
