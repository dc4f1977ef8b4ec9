import { attribute } from '../../../shared/onnx/attributes';
import { constant, operation, tensor } from '../../../shared/onnx/build';
import { castTo, ints } from '../../../shared/onnx/expressions';
import type { Dimension, ElementType, OperationValue, Value } from '../../../shared/onnx/ir';
import { knownEntries } from '../../../shared/onnx/known-values';
import { dependenciesOf, postOrder } from '../../../shared/onnx/post-order';
import { elementTypeOf, rankOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { enclosingBodies, everyValue } from '../../../shared/onnx/walk';
import { dependentOn } from './dependent-values';
import { rowsAxis } from './refine-rows';
import { refuseQuantised } from './refuse-quantised';

/** Operators whose answers are worth keeping. */
const heavy = new Set([
  'MatMul',
  'Gemm',
  'Einsum',
  'Conv',
  'ConvTranspose',
  'LSTM',
  'GRU',
  'RNN',
  'FusedMatMul',
  'Attention',
  'MultiHeadAttention',
]);

const whole: ReadonlySet<ElementType | undefined> = new Set(['int32', 'int64']);

const isShapeEntry = (entry: Dimension): boolean => typeof entry === 'number' || entry === rowsAxis;

/** Sizes, and what is computed of them: known but for the number of rows. */
export const isShapeArithmetic = (value: Value): boolean =>
  value.kind === 'operation' &&
  whole.has(elementTypeOf(value)) &&
  (knownEntries(value)?.every(isShapeEntry) ?? false);

/** Such sizes again, where only a value with as many rows is at hand. */
export function sizesFrom(value: Value, rows: Value): Value {
  const elementType = elementTypeOf(value) ?? 'int64';
  const entries = knownEntries(value) ?? [];
  const count = shapeOf(rows)?.[0];
  const known = entries.map((entry) => (entry === rowsAxis ? count : entry));
  const dims = rankOf(value) === 0 ? [] : [known.length];
  if (known.every((entry) => typeof entry === 'number')) return constant(tensor(elementType, dims, known));
  const first = operation('Shape', [rows], { start: attribute.int(0), end: attribute.int(1) });
  const parts = entries.map((entry) => (typeof entry === 'number' ? ints([entry]) : first));
  const list = parts.length === 1 ? first : operation('Concat', parts, { axis: attribute.int(0) });
  return castTo(rankOf(value) === 0 ? operation('Squeeze', [list]) : list, elementType);
}

/** Where a graph is cut in two: what stands ahead is the same in every step. */
export interface Cut {
  /** Values of each row that the trained part reads. */
  readonly frontier: readonly Value[];
  /** Layers ahead of the cut: none where it would only move data. */
  readonly heavyNodes: readonly OperationValue[];
}

/**
 * Cuts ahead of everything that rests on what is trained. The frontier is what stands ahead, changes with the rows, and is
 * read behind; it is the value itself where nothing of it is trained. `UnsuitableModelError` where what is trained is
 * quantised.
 */
export function cutGraph(value: Value, trained: ReadonlySet<Value>): Cut {
  const order = everyValue([value]);
  const live = dependentOn(order, (each) => trained.has(each));
  refuseQuantised(live);
  const fed = fedValues(order);
  const bodies = enclosingBodies(order);
  const isAhead = (each: Value) => !live.has(each) && !bodies.has(each);
  const behind = postOrder([value], (each) =>
    isAhead(each) || isShapeArithmetic(each) ? [] : dependenciesOf(each),
  );
  const frontier = behind.filter((each) => isAhead(each) && fed.has(each));
  const heavyNodes = everyValue(frontier).filter(
    (each): each is OperationValue => each.kind === 'operation' && heavy.has(each.op) && fed.has(each),
  );
  return { frontier, heavyNodes };
}

/** What changes with the rows themselves, not only with how many they are. */
function fedValues(order: readonly Value[]): ReadonlySet<Value> {
  const fed = new Set<Value>();
  for (const value of order) {
    if (isShapeArithmetic(value)) continue;
    if (value.kind === 'input' || dependenciesOf(value).some((each) => fed.has(each))) fed.add(value);
  }
  return fed;
}

/** What a row of a value is, where that is known. */
export function rowDims(value: Value): readonly number[] | undefined {
  const shape = shapeOf(value);
  return shape?.[0] === rowsAxis ? staticShape(shape.slice(1)) : undefined;
}
