import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { intAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { ints } from '../../../shared/onnx/expressions';
import type { Graph, OperationValue, Value } from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { inputsOf } from '../../../shared/onnx/post-order';
import { printType, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { rewrite, topologicalOrder } from '../../../shared/onnx/walk';
import { carriesGradient } from '../../autodiff/pull-back';
import { refineRows, rowsAxis } from './refine-rows';

const hasRows = (value: Value): boolean => shapeOf(value)?.[0] === rowsAxis;

/**
 * A Reshape that was written for one row, or for a fixed number of them, as one for any number: where what it makes of a
 * row has as many elements as the row, the first axis is the rows'.
 */
function reshapedRows(node: OperationValue): Value | undefined {
  const [data, shape] = node.inputs;
  if (data === undefined || shape === undefined || !hasRows(data) || hasRows(node)) return undefined;
  const row = staticShape(shapeOf(data)?.slice(1));
  const target = knownInts(shape);
  if (row === undefined || target === undefined || intAttribute(node.attributes, 'allowzero', 0) !== 0)
    return undefined;
  const [first, ...rest] = target.map((size, axis) => (size === 0 ? (row[axis - 1] ?? 0) : size));
  const open = rest.filter((size) => size === -1).length;
  const whole = elementCount(row);
  const fits = open === 0 ? elementCount(rest) === whole : first === 1 && open === 1;
  return fits ? operation('Reshape', [data, ints([0, ...rest])], node.attributes) : undefined;
}

/** No data set has so many rows: an end beyond it means the end. */
const endless = 1e9;

/** A Slice that takes all rows, whatever it takes of the other axes, without saying anything of rows. */
function slicedRows(node: OperationValue): Value | undefined {
  const [data, ...lists] = node.inputs;
  const [starts, ends, axes, steps] = lists.map((list) => list && knownInts(list));
  if (data === undefined || starts === undefined || ends === undefined || !hasRows(data)) return undefined;
  const at = axes ?? starts.map((_, axis) => axis);
  const rows = at.indexOf(0);
  const isWhole = starts[rows] === 0 && (ends[rows] ?? 0) >= endless && (steps?.[rows] ?? 1) === 1;
  if (!isWhole) return undefined;
  const rest = [starts, ends, at, steps ?? at.map(() => 1)].map((list) =>
    ints(list.filter((_, place) => place !== rows)),
  );
  return at.length === 1 ? data : operation('Slice', [data, ...rest]);
}

/** Operators that may speak of rows, and how they are said of any number of them. */
const ofAnyRows: Readonly<Record<string, (node: OperationValue) => Value | undefined>> = {
  Reshape: reshapedRows,
  Slice: slicedRows,
};

/** The same graph with other values in its inputs' places, rows along the first axis. */
export function bindInputs(graph: Graph, given: ReadonlyMap<string, Value>): Graph {
  const bound = rewrite(graph, (value, rebuilt) => {
    if (value.kind === 'input' && graph.inputs.includes(value)) return given.get(value.name);
    return rebuilt.kind === 'operation' && Object.hasOwn(ofAnyRows, rebuilt.op)
      ? ofAnyRows[rebuilt.op]?.(rebuilt)
      : undefined;
  });
  return refineRows(bound);
}

/** `UnsuitableModelError` where a value is not one of each row, with the node that loses the rows. */
export function checkRows(value: Value, name: string): void {
  if (hasRows(value)) return;
  const loser = topologicalOrder([value]).find(
    (each) =>
      each.kind === 'operation' && carriesGradient(each) && !hasRows(each) && inputsOf(each).some(hasRows),
  );
  const where =
    loser?.kind === 'operation'
      ? `; the rows' axis is lost at ${loser.op}(${loser.inputs.map((each) => (each ? printType(each.type) : '_')).join(', ')})`
      : '';
  throw new UnsuitableModelError(
    `the value '${name}' is ${printType(value.type)}, and not one of each row${where}: export the model with a symbolic batch axis in front, or name another output`,
  );
}
