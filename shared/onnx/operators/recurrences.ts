import { attributeOf, intAttribute } from '../attributes';
import type { Dimension, ValueType } from '../ir';
import { type Shape, tensorType } from '../shapes';
import { inputShape, type Operator, type OperatorTable, operator, typeOf, type Use } from './operator';

const directions = (use: Use): number =>
  attributeOf.string(use.attributes, 'direction') === 'bidirectional' ? 2 : 1;

/** `Y` over the whole sequence, then the last states: [sequence, directions, batch, hidden], batch first where `layout` is 1. */
function stateTypes(use: Use, count: number): readonly ValueType[] {
  const { elementType, shape: x } = typeOf(use, 0);
  const batchFirst = intAttribute(use.attributes, 'layout', 0) !== 0;
  const hidden: Dimension = attributeOf.int(use.attributes, 'hidden_size') ?? inputShape(use, 2)?.[2];
  const [length, batch] = batchFirst ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]];
  const ways = directions(use);
  const whole: Shape = batchFirst ? [batch, length, ways, hidden] : [length, ways, batch, hidden];
  const last: Shape = batchFirst ? [batch, ways, hidden] : [ways, batch, hidden];
  return [tensorType(elementType, whole), ...new Array<ValueType>(count).fill(tensorType(elementType, last))];
}

const recurrent = (inputs: number, states: number): Operator =>
  operator([3, inputs], [0, states + 1], (use) => stateTypes(use, states));

/** Operators that carry a state along a sequence. */
export const recurrences: OperatorTable = {
  RNN: recurrent(6, 1),
  GRU: recurrent(6, 1),
  LSTM: recurrent(8, 2),
};
