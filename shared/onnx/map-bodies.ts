import { attribute } from './attributes';
import { operation } from './build';
import type { Attribute, Attributes, Graph, OperationValue } from './ir';

const mapAttribute = (found: Attribute, change: (body: Graph) => Graph): Attribute => {
  if (found.type === 'graph') return attribute.graph(change(found.value));
  return found.type === 'graphs' ? attribute.graphs(found.value.map(change)) : found;
};

/** The attributes with each body, in the order of `subgraphsOf`, put through a function. */
function mapAttributes(attributes: Attributes, change: (body: Graph) => Graph): Attributes {
  const names = Object.keys(attributes).sort();
  const entries = names.flatMap((name) => {
    const found = attributes[name];
    return found === undefined ? [] : [[name, mapAttribute(found, change)] as const];
  });
  return Object.fromEntries(entries);
}

/** The same node over changed bodies. */
export function mapBodies(node: OperationValue, change: (body: Graph) => Graph): OperationValue {
  const { op, domain, inputs, types } = node;
  const attributes = mapAttributes(node.attributes, change);
  return operation(op, inputs, attributes, { domain, outputs: types.length, types });
}
