import { InvalidGraphError } from '../../errors/graph-errors';
import { attributeOf } from '../attributes';
import type { Graph, ValueType } from '../ir';
import { commonShape, tensorType, unknownType } from '../shapes';
import { many, type Operator, type OperatorTable, type Use } from './operator';

function body(use: Use, name: string): Graph {
  const graph = attributeOf.graph(use.attributes, name);
  if (graph === undefined) throw new InvalidGraphError(`lacks the graph attribute '${name}'`);
  return graph;
}

/** What holds for both types. */
function commonType(a: ValueType, b: ValueType): ValueType {
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

const scan: Operator = {
  inputs: [1, many],
  outputs: [1, many],
  anyKind: true,
  infer: (use) => {
    const graph = body(use, 'body');
    const states = graph.inputs.length - (attributeOf.int(use.attributes, 'num_scan_inputs') ?? 0);
    return outputTypes(graph).map((type, index) => (index < states ? type : stacked(type)));
  },
};

/** Operators whose attributes are graphs. */
export const controlFlow: OperatorTable = { If: branch, Loop: loop, Scan: scan };
