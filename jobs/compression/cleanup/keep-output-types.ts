import { operation } from '../../../shared/onnx/build';
import type { Graph, OperationValue, Value, ValueType } from '../../../shared/onnx/ir';
import { printType, tensorType, unifyShapes } from '../../../shared/onnx/shapes';
import { rewrite } from '../../../shared/onnx/walk';

/** What two types of the same value say together; the first where they contradict. */
function joined(own: ValueType, told: ValueType): ValueType {
  if (own.kind !== 'tensor' || told.kind !== 'tensor' || own.elementType !== told.elementType) return own;
  if (own.shape !== undefined && told.shape !== undefined && own.shape.length !== told.shape.length)
    return own;
  const clash = own.shape?.some((size, axis) => {
    const other = told.shape?.[axis];
    return typeof size === 'number' && typeof other === 'number' && size !== other;
  });
  return clash ? own : tensorType(own.elementType, unifyShapes(own.shape, told.shape));
}

const nodeOf = (value: Value): OperationValue | undefined =>
  value.kind === 'projection' ? value.of : value.kind === 'operation' ? value : undefined;

/**
 * The graph with all that another one tells of the types of its outputs, of the same names: sizes and their names, which a file
 * may declare and no inference finds. The values are the same ones in both.
 */
export function keepOutputTypes(graph: Graph, told: Graph): Graph {
  const types = new Map<Value, readonly ValueType[]>();
  for (const { name, value } of graph.outputs) {
    const node = nodeOf(value);
    const before = told.outputs.find((other) => other.name === name);
    if (node === undefined || before === undefined) continue;
    const type = joined(value.type, before.value.type);
    if (printType(type) === printType(value.type)) continue;
    const index = value.kind === 'projection' ? value.index : 0;
    types.set(node, (types.get(node) ?? node.types).with(index, type));
  }
  if (types.size === 0) return graph;
  return rewrite(graph, (value, rebuilt) => {
    const known = types.get(value);
    if (known === undefined || rebuilt.kind !== 'operation') return undefined;
    const { op, domain, inputs, attributes } = rebuilt;
    return operation(op, inputs, attributes, { domain, outputs: known.length, types: known });
  });
}
