import { InvalidGraphError } from '../errors/graph-errors';
import type { Graph, Value } from './ir';
import type { Placement, Scope } from './place-values';

/** How values are called in a file. */
export interface Names {
  readonly of: (value: Value) => string;
  /** Another name that nothing has yet. */
  readonly fresh: (stem: string) => string;
}

class Namer {
  readonly names = new Map<Value, string>();
  private readonly taken = new Set<string>();
  private readonly counts = new Map<string, number>();

  reserve(graph: Graph): void {
    for (const { name } of [...graph.inputs, ...graph.outputs]) {
      if (name === '')
        throw new InvalidGraphError(`the graph '${graph.name}' has an input or output without a name`);
    }
    for (const list of [graph.inputs, graph.outputs]) {
      const repeated = list.find(
        ({ name }, index) => list.findIndex((other) => other.name === name) !== index,
      );
      if (repeated !== undefined) throw new InvalidGraphError(`the name '${repeated.name}' is given twice`);
    }
    for (const bound of graph.inputs) this.give(bound, bound.name);
    for (const { name, value } of graph.outputs) {
      const clash = graph.inputs.some((bound) => bound.name === name && bound !== value);
      if (clash) throw new InvalidGraphError(`the name '${name}' is an input's and another value's output's`);
      this.taken.add(name);
      if (value.kind === 'constant' && value.name === name) this.give(value, name);
    }
  }

  give(value: Value, name: string): void {
    this.taken.add(name);
    this.names.set(value, name);
  }

  /** The name itself where it is free, else with the first number that makes it so. */
  free(wanted: string): string {
    if (!this.taken.has(wanted)) return wanted;
    return this.numbered(wanted);
  }

  numbered(stem: string): string {
    let count = this.counts.get(stem) ?? 0;
    while (this.taken.has(`${stem}_${count}`)) count++;
    this.counts.set(stem, count + 1);
    return `${stem}_${count}`;
  }

  fresh(stem: string): string {
    const name = this.numbered(stem);
    this.taken.add(name);
    return name;
  }

  nameBody({ graph, parent }: Scope): void {
    if (parent === undefined) return;
    for (const bound of graph.inputs) this.give(bound, this.free(bound.name || 'input'));
  }

  nameConstants({ constants }: Scope): void {
    const unnamed = constants.filter((value) => !this.names.has(value));
    for (const value of unnamed) if (value.name) this.give(value, this.free(value.name));
    for (const value of unnamed) if (!value.name) this.give(value, this.numbered('constant'));
  }

  nameOutputs({ graph, parent }: Scope): void {
    for (const { name, value } of graph.outputs) {
      if (!this.names.has(value)) this.give(value, parent === undefined ? name : this.free(name || 'output'));
    }
  }

  /** A name for each output of a node that somebody reads. */
  nameNodes({ nodes }: Scope, placement: Placement): void {
    for (const node of nodes) {
      const read = [node, ...(placement.projections.get(node)?.values() ?? [])];
      for (const value of read) if (!this.names.has(value)) this.give(value, this.numbered(node.op));
    }
  }
}

/**
 * Names every value of a placed graph: inputs, outputs and named constants keep theirs, the rest are numbered by operator.
 * Names are unique over all bodies, and the same graph always gets the same ones. `InvalidGraphError` where two inputs, two
 * outputs, or an input and another value's output have one name.
 */
export function nameValues(placement: Placement): Names {
  const namer = new Namer();
  const scopes = [...placement.scopes.values()];
  namer.reserve(placement.root.graph);
  for (const scope of scopes) namer.nameBody(scope);
  for (const scope of scopes) namer.nameConstants(scope);
  for (const scope of scopes) namer.nameOutputs(scope);
  for (const scope of scopes) namer.nameNodes(scope, placement);
  return {
    fresh: (stem) => namer.fresh(stem),
    of: (value) => {
      const same =
        value.kind === 'projection' ? placement.projections.get(value.of)?.get(value.index) : value;
      const name = namer.names.get(same ?? value);
      if (name === undefined) throw new InvalidGraphError(`a ${value.kind} stands nowhere in the graph`);
      return name;
    },
  };
}
