import { attribute, subgraphsOf } from './attributes';
import { operation, output } from './build';
import type { Attribute, Attributes, Graph, InputValue, OperationValue, Value } from './ir';
import { operatorOf } from './operators';
import { dependenciesOf, postOrder } from './post-order';

const nothing: ReadonlySet<Graph> = new Set();

/** Which body each input of a body belongs to. */
function ownersIn(order: readonly Value[]): ReadonlyMap<Value, Graph> {
  const owners = new Map<Value, Graph>();
  for (const value of order) {
    if (value.kind !== 'operation') continue;
    for (const body of subgraphsOf(value.attributes))
      for (const bound of body.inputs) owners.set(bound, body);
  }
  return owners;
}

/** Bodies whose inputs each value rests on; those of the walk's own level, which rest on none, are left out. */
export function enclosingBodies(order: readonly Value[]): ReadonlyMap<Value, ReadonlySet<Graph>> {
  const owners = ownersIn(order);
  const bodies = new Map<Value, ReadonlySet<Graph>>();
  if (owners.size === 0) return bodies;
  for (const value of order) {
    const joined = new Set(dependenciesOf(value).flatMap((each) => [...(bodies.get(each) ?? nothing)]));
    if (value.kind === 'operation') for (const body of subgraphsOf(value.attributes)) joined.delete(body);
    const own = owners.get(value);
    if (own !== undefined) joined.add(own);
    if (joined.size > 0) bodies.set(value, joined);
  }
  return bodies;
}

/** Every value that these rest on, inside bodies too, dependencies first. */
export const everyValue = (values: readonly Value[]): readonly Value[] => postOrder(values, dependenciesOf);

/**
 * Every value of this level that these rest on, dependencies first: also what bodies capture, but nothing that rests on a
 * body's own inputs.
 */
export function topologicalOrder(values: readonly Value[]): readonly Value[] {
  const order = everyValue(values);
  const bodies = enclosingBodies(order);
  return order.filter((value) => !bodies.has(value));
}

/** Who reads each value: nodes by their inputs and by what their bodies give out, and projections of it. */
export function consumersOf(values: readonly Value[]): ReadonlyMap<Value, readonly Value[]> {
  const consumers = new Map<Value, Value[]>();
  for (const value of everyValue(values)) {
    consumers.set(value, []);
    for (const dependency of new Set(dependenciesOf(value))) consumers.get(dependency)?.push(value);
  }
  return consumers;
}

/** What to put in a value's place; `rebuilt` is the value over its rewritten inputs. Undefined: keep `rebuilt`. */
export type Replace = (value: Value, rebuilt: Value) => Value | undefined;

type Rewritten = ReadonlyMap<Value, Value>;

function rebuildGraph(graph: Graph, rewritten: Rewritten): Graph {
  const outputs = graph.outputs.map((given) => {
    const value = rewritten.get(given.value) ?? given.value;
    return value === given.value ? given : { ...given, value };
  });
  const inputs = graph.inputs.map((bound): InputValue => {
    const value = rewritten.get(bound);
    return value?.kind === 'input' ? value : bound;
  });
  const same =
    outputs.every((given, index) => given === graph.outputs[index]) &&
    inputs.every((bound, index) => bound === graph.inputs[index]);
  return same ? graph : { ...graph, inputs, outputs };
}

function rebuildAttribute(found: Attribute, rewritten: Rewritten): Attribute {
  if (found.type === 'graph') {
    const graph = rebuildGraph(found.value, rewritten);
    return graph === found.value ? found : attribute.graph(graph);
  }
  if (found.type !== 'graphs') return found;
  const graphs = found.value.map((graph) => rebuildGraph(graph, rewritten));
  return graphs.every((graph, index) => graph === found.value[index]) ? found : attribute.graphs(graphs);
}

function rebuildAttributes(attributes: Attributes, rewritten: Rewritten): Attributes {
  const entries = Object.entries(attributes).map(
    ([name, found]) => [name, rebuildAttribute(found, rewritten)] as const,
  );
  return entries.every(([name, found]) => found === attributes[name])
    ? attributes
    : Object.fromEntries(entries);
}

/** A node over its rewritten inputs, where more of it changes than they: its attributes, for one. Undefined: nothing does. */
export type Adapt = (node: OperationValue, inputs: OperationValue['inputs']) => OperationValue | undefined;

function rebuildOperation(node: OperationValue, rewritten: Rewritten, adapt: Adapt): OperationValue {
  const inputs = node.inputs.map((value) => value && (rewritten.get(value) ?? value));
  const attributes = rebuildAttributes(node.attributes, rewritten);
  const same = attributes === node.attributes && inputs.every((value, index) => value === node.inputs[index]);
  const adapted = adapt(node, inputs);
  if (adapted !== undefined) return adapted;
  if (same) return node;
  const { op, domain, types } = node;
  const known = operatorOf(domain, op) !== undefined;
  return operation(op, inputs, attributes, { domain, outputs: types.length, ...(known ? {} : { types }) });
}

/**
 * The graph with values replaced bottom-up, each value once, in bodies too. What did not change keeps its identity.
 * A replaced node takes its projections along where it has as many outputs as the old one; else they stay with the old one.
 * An input replaced by an input takes its place in the graph's list. `adapt` comes before: with it a node may get other inputs
 * and attributes where it could not be built over the rewritten ones alone.
 */
export function rewrite(graph: Graph, replace: Replace, adapt: Adapt = () => undefined): Graph {
  const rewritten = new Map<Value, Value>();
  const rebuiltNodes = new Map<OperationValue, OperationValue>();
  const rebuild = (value: Value): Value => {
    if (value.kind === 'operation') {
      const rebuilt = rebuildOperation(value, rewritten, adapt);
      rebuiltNodes.set(value, rebuilt);
      return rebuilt;
    }
    if (value.kind !== 'projection') return value;
    const replaced = rewritten.get(value.of);
    const follows = replaced?.kind === 'operation' && replaced.types.length === value.of.types.length;
    const node = follows ? replaced : (rebuiltNodes.get(value.of) ?? value.of);
    return node === value.of ? value : output(node, value.index);
  };
  const roots = [...graph.inputs, ...graph.outputs.map((given) => given.value)];
  for (const value of everyValue(roots)) {
    const rebuilt = rebuild(value);
    rewritten.set(value, replace(value, rebuilt) ?? rebuilt);
  }
  return rebuildGraph(graph, rewritten);
}
