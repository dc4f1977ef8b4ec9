import { InvalidGraphError } from '../../../shared/errors/graph-errors';
import { input } from '../../../shared/onnx/build';
import type { Dimension, Graph, OperationValue, Value, ValueType } from '../../../shared/onnx/ir';
import { shapeOf, tensorType } from '../../../shared/onnx/shapes';
import { everyValue, rewrite } from '../../../shared/onnx/walk';

/** The axis of rows in everything that a graph computes of rows. */
export const rowsAxis = 'batch';

/** No size of a model is a multiple of it by chance. */
const probedRows = 8191;

type Types = ReadonlyMap<Value, readonly ValueType[]>;

/** What each node gives where there are so many rows; nothing where the graph cannot be with them. */
function probedTypes(graph: Graph): Types {
  const types = new Map<Value, readonly ValueType[]>();
  try {
    rewrite(graph, (value, rebuilt) => {
      if (rebuilt.kind === 'operation') types.set(value, rebuilt.types);
      if (value.kind !== 'input' || value.type.kind !== 'tensor' || shapeOf(value)?.[0] !== rowsAxis)
        return undefined;
      const [, ...row] = value.type.shape ?? [];
      return input(value.name, value.type.elementType, [probedRows, ...row]);
    });
    return types;
  } catch (error) {
    if (error instanceof InvalidGraphError) return new Map();
    throw error;
  }
}

const ofRows = (size: Dimension): Dimension => {
  if (size === probedRows) return rowsAxis;
  return typeof size === 'number' && size > 0 && size % probedRows === 0 ? undefined : size;
};

const isOpen = ({ types }: OperationValue): boolean =>
  types.some((type) => type.kind === 'tensor' && (type.shape?.includes(undefined) ?? true));

function refined(type: ValueType, probed: ValueType | undefined): ValueType {
  if (type.kind !== 'tensor' || probed?.kind !== 'tensor' || probed.shape === undefined) return type;
  const shape = probed.shape.map((size, axis) => type.shape?.[axis] ?? ofRows(size));
  return tensorType(type.elementType, shape);
}

/**
 * The same graph knowing its rows' axis where inference alone loses it: behind a value in which the positions of all rows
 * stand one behind the other, for one. What is probed with a number of rows is told of any number.
 */
export function refineRows(graph: Graph): Graph {
  const open = everyValue(graph.outputs.map(({ value }) => value)).some(
    (value) => value.kind === 'operation' && isOpen(value),
  );
  if (!open) return graph;
  const probed = probedTypes(graph);
  return rewrite(graph, (value, rebuilt) => {
    if (rebuilt.kind !== 'operation' || !isOpen(rebuilt)) return undefined;
    const types = rebuilt.types.map((type, index) => refined(type, probed.get(value)?.[index]));
    return { ...rebuilt, types, type: types[0] ?? rebuilt.type };
  });
}
