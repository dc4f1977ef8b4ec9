import { InvalidGraphError } from '../errors/graph-errors';
import { inferTypes } from './infer-types';
import type { Graph, OperationValue, ValueType } from './ir';
import { layOut } from './layout';
import { dependenciesOf } from './post-order';
import { printType } from './shapes';
import { everyValue } from './walk';

/** Whether a type may be what inference found: names of sizes may differ, what is known may not. */
function agrees(declared: ValueType, inferred: ValueType): boolean {
  if (declared.kind === 'unknown' || inferred.kind === 'unknown') return true;
  if (declared.kind !== 'tensor' || inferred.kind !== 'tensor') return declared.kind === inferred.kind;
  if (declared.elementType !== inferred.elementType) return false;
  if (declared.shape === undefined || inferred.shape === undefined) return true;
  if (declared.shape.length !== inferred.shape.length) return false;
  return declared.shape.every((dimension, axis) => {
    const other = inferred.shape?.[axis];
    return typeof dimension !== 'number' || typeof other !== 'number' || dimension === other;
  });
}

function verifyNode(node: OperationValue): void {
  const inferred = inferTypes(node, { outputs: node.types.length });
  node.types.forEach((declared, index) => {
    const found = inferred[index] ?? declared;
    if (!agrees(declared, found)) {
      throw new InvalidGraphError(
        `output ${index} of ${node.op} is said to be ${printType(declared)}, its inputs make it ${printType(found)}`,
      );
    }
  });
}

/** Nodes made by hand may reach themselves; those made by `operation` cannot. */
function verifyAcyclic(graph: Graph): void {
  const position = new Map(
    everyValue(graph.outputs.map((given) => given.value)).map((value, at) => [value, at]),
  );
  for (const [value, at] of position) {
    const late = dependenciesOf(value).find((dependency) => (position.get(dependency) ?? -1) >= at);
    if (late === undefined) continue;
    const name = value.kind === 'operation' ? value.op : value.kind;
    throw new InvalidGraphError(`the graph '${graph.name}' has a cycle through ${name}`);
  }
}

/**
 * Makes sure that a graph can be written and loaded: no cycles, inputs and outputs of each operator as its definition wants
 * them, types that agree with what the inputs make them, names given once, captured values in scope.
 * `InvalidGraphError` names the node.
 */
export function verifyGraph(graph: Graph): void {
  verifyAcyclic(graph);
  for (const value of everyValue(graph.outputs.map((given) => given.value))) {
    if (value.kind === 'operation') verifyNode(value);
  }
  layOut(graph);
}
