import { InvalidGraphError } from '../errors/graph-errors';
import { subgraphsOf } from './attributes';
import type { ConstantValue, Graph, InputValue, OperationValue, ProjectionValue, Value } from './ir';
import { inputsOf } from './post-order';
import { enclosingBodies, everyValue } from './walk';

/** A graph as it is written: with the nodes and constants that stand in it, in an order that runs. */
export interface Scope {
  readonly graph: Graph;
  readonly parent: Scope | undefined;
  readonly depth: number;
  /** Runs any number of times, so that what does not change inside is better computed before it. */
  readonly repeats: boolean;
  readonly nodes: OperationValue[];
  readonly constants: ConstantValue[];
}

export interface Placement {
  readonly root: Scope;
  /** Where the nodes of a body stand. */
  readonly scopes: ReadonlyMap<Graph, Scope>;
  /** Outputs 1 and up of each node that somebody reads, by index. */
  readonly projections: ReadonlyMap<OperationValue, ReadonlyMap<number, ProjectionValue>>;
  /** Values that somebody reads; a node of which only further outputs are read is not among them. */
  readonly read: ReadonlySet<Value>;
}

const repeating = new Set(['Loop', 'Scan', 'SequenceMap']);

const drawing = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Bernoulli',
  'Multinomial',
  'Dropout',
]);

/** Nodes that may give another answer each time they run: they, or something in their bodies, draw random numbers. */
function randomNodes(order: readonly Value[]): ReadonlySet<Value> {
  const tainted = new Set<Value>();
  const random = new Set<Value>();
  for (const value of order) {
    if (inputsOf(value).some((given) => tainted.has(given))) tainted.add(value);
    if (value.kind !== 'operation') continue;
    const inner = subgraphsOf(value.attributes).flatMap((body) => body.outputs);
    if (!drawing.has(value.op) && !inner.some((given) => tainted.has(given.value))) continue;
    random.add(value);
    tainted.add(value);
  }
  return random;
}

function nearestCommon(a: Scope, b: Scope): Scope {
  let [left, right] = [a, b];
  while (left !== right) {
    if (left.depth < right.depth) [left, right] = [right, left];
    if (left.parent === undefined)
      throw new InvalidGraphError('two graphs share a value but no enclosing graph');
    left = left.parent;
  }
  return left;
}

const encloses = (scope: Scope | undefined, inner: Scope): boolean => {
  for (let at: Scope | undefined = inner; at !== undefined; at = at.parent) if (at === scope) return true;
  return false;
};

class Placer {
  readonly scopes = new Map<Graph, Scope>();
  readonly projections = new Map<OperationValue, Map<number, ProjectionValue>>();
  readonly read = new Set<Value>();
  private readonly users = new Map<Value, Scope>();
  private readonly owners = new Map<InputValue, Scope>();
  private readonly bodies: ReadonlyMap<Value, ReadonlySet<Graph>>;
  private readonly random: ReadonlySet<Value>;

  constructor(order: readonly Value[]) {
    this.bodies = enclosingBodies(order);
    this.random = randomNodes(order);
  }

  open(graph: Graph, parent: Scope | undefined, repeats: boolean): Scope {
    if (this.scopes.has(graph))
      throw new InvalidGraphError(`the body '${graph.name}' belongs to two nodes: copy it`);
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const scope: Scope = { graph, parent, depth, repeats, nodes: [], constants: [] };
    this.scopes.set(graph, scope);
    for (const bound of graph.inputs) this.owners.set(bound, scope);
    for (const given of graph.outputs) this.readIn(given.value, scope);
    return scope;
  }

  place(value: Value): void {
    const scope = this.users.get(value);
    if (scope === undefined) return;
    if (value.kind === 'projection') this.project(value, scope);
    if (value.kind === 'constant') scope.constants.push(value);
    if (value.kind === 'input') this.checkBound(value, scope);
    if (value.kind === 'operation') this.placeNode(value, this.raised(value, scope));
  }

  private project(value: ProjectionValue, scope: Scope): void {
    this.use(value.of, scope);
    const read = this.projections.get(value.of) ?? new Map<number, ProjectionValue>();
    this.projections.set(value.of, read);
    if (!read.has(value.index)) read.set(value.index, value);
  }

  private readIn(value: Value, scope: Scope): void {
    this.read.add(value);
    this.use(value, scope);
  }

  private use(value: Value, scope: Scope): void {
    const other = this.users.get(value);
    this.users.set(value, other === undefined ? scope : nearestCommon(other, scope));
  }

  /** Out of loops that it does not depend on; never out of a branch, where it might have been skipped. */
  private raised(node: OperationValue, scope: Scope): Scope {
    let at = scope;
    const free = (graph: Graph) =>
      !this.bodies.get(node)?.has(graph) && !graph.outputs.some((given) => given.value === node);
    while (at.repeats && at.parent !== undefined && !this.random.has(node) && free(at.graph)) at = at.parent;
    return at;
  }

  private placeNode(node: OperationValue, scope: Scope): void {
    scope.nodes.push(node);
    for (const given of inputsOf(node)) this.readIn(given, scope);
    for (const body of subgraphsOf(node.attributes)) this.open(body, scope, repeating.has(node.op));
  }

  private checkBound(value: InputValue, scope: Scope): void {
    if (encloses(this.owners.get(value), scope)) return;
    throw new InvalidGraphError(
      `'${value.name}' is read in '${scope.graph.name}' but is an input neither of it nor of a graph around it`,
    );
  }
}

/**
 * Decides in which graph each node stands: the innermost one around all of its readers, raised out of loops where it gives
 * the same answer on each turn. Random nodes stay with their readers. `InvalidGraphError` where a value is out of scope.
 */
export function placeValues(graph: Graph): Placement {
  const order = everyValue(graph.outputs.map((given) => given.value));
  const placer = new Placer(order);
  const root = placer.open(graph, undefined, false);
  for (const value of order.toReversed()) placer.place(value);
  for (const scope of placer.scopes.values()) {
    scope.nodes.reverse();
    scope.constants.reverse();
  }
  const { scopes, projections, read } = placer;
  return { root, scopes, projections, read };
}
