import { InvalidGraphError } from '../../errors/graph-errors';
import { attributeOf } from '../attributes';
import type { Graph, Value, ValueType } from '../ir';
import { commonShape, tensorType, unknownType } from '../shapes';
import { many, type Operator, type OperatorTable, type Use } from './operator';

function body(use: Use, name: string): Graph {
  const graph = attributeOf.graph(use.attributes, name);
  if (graph === undefined) throw new InvalidGraphError(`lacks the graph attribute '${name}'`);
  return graph;
}

/** What holds for both types: sizes that differ are unknown. */
export function commonType(a: ValueType, b: ValueType): ValueType {
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    if (a.elementType !== b.elementType) {
      throw new InvalidGraphError(`element types ${a.elementType} and ${b.elementType} should be equal`);
    }
    return tensorType(a.elementType, commonShape(a.shape, b.shape));
  }
  return a.kind === b.kind ? a : unknownType;
}

const outputTypes = (graph: Graph): readonly ValueType[] => graph.outputs.map((output) => output.value.type);

const branch: Operator = {
  inputs: [1, 1],
  outputs: [1, many],
  anyKind: true,
  infer: (use) => {
    const yes = outputTypes(body(use, 'then_branch'));
    const no = outputTypes(body(use, 'else_branch'));
    if (yes.length !== no.length) {
      throw new InvalidGraphError(`the branches give ${yes.length} and ${no.length} outputs: give as many`);
    }
    return yes.map((type, index) => commonType(type, no[index] ?? unknownType));
  },
};

const stacked = (type: ValueType): ValueType =>
  type.kind === 'tensor'
    ? tensorType(type.elementType, type.shape && [undefined, ...type.shape])
    : unknownType;

const loop: Operator = {
  inputs: [2, many],
  outputs: [1, many],
  anyKind: true,
  infer: (use) => {
    const graph = body(use, 'body');
    const states = use.inputs.slice(2);
    if (graph.inputs.length !== states.length + 2 || graph.outputs.length < states.length + 1) {
      throw new InvalidGraphError(
        `a body for ${states.length} states takes ${states.length + 2} inputs and gives at least ${states.length + 1} ` +
          `outputs, this one ${graph.inputs.length} and ${graph.outputs.length}`,
      );
    }
    return outputTypes(graph)
      .slice(1)
      .map((type, index) => {
        const initial = states[index]?.type;
        if (index >= states.length) return stacked(type);
        return initial === undefined ? type : commonType(type, initial);
      });
  },
};

const openShape = (value: Value | undefined): ValueType =>
  value?.type.kind === 'tensor'
    ? tensorType(value.type.elementType, undefined)
    : (value?.type ?? unknownType);

/** Version 8 had lengths before the states, and a batch axis before all others. */
const scan: Operator = {
  inputs: [1, many],
  outputs: [1, many],
  anyKind: true,
  infer: (use) => {
    const graph = body(use, 'body');
    if (use.inputs.length > graph.inputs.length) return graph.outputs.map((given) => openShape(given.value));
    const states = graph.inputs.length - (attributeOf.int(use.attributes, 'num_scan_inputs') ?? 0);
    return outputTypes(graph).map((type, index) => (index < states ? type : stacked(type)));
  },
};

type Inputs = readonly (Value | undefined)[];

const handed: Readonly<Record<string, (inputs: Inputs) => readonly ValueType[]>> = {
  Loop: (inputs) => [tensorType('int64', []), tensorType('bool', []), ...inputs.slice(2).map(openShape)],
  Scan: (inputs) => inputs.map(openShape),
  SequenceMap: (inputs) =>
    inputs.map((value) =>
      value?.type.kind === 'sequence' ? (value.type.element ?? unknownType) : openShape(value),
    ),
};

/** Types of what an operator hands to its body's inputs, as far as its own inputs tell. */
export function bodyInputTypes(op: string, inputs: Inputs): readonly ValueType[] {
  return Object.hasOwn(handed, op) ? (handed[op]?.(inputs) ?? []) : [];
}

/** Operators whose attributes are graphs. */
export const controlFlow: OperatorTable = { If: branch, Loop: loop, Scan: scan };
