import { InvalidGraphError } from '../../errors/graph-errors';
import { intAttribute } from '../attributes';
import { elementTypeOfCode } from '../element-types';
import type { ElementType } from '../ir';
import { broadcastShapes, type Shape, tensorType, unknownType } from '../shapes';
import {
  allInputs,
  inputShape,
  many,
  type Operator,
  type OperatorTable,
  shaped,
  sharedElementType,
  typeOf,
  type Use,
} from './operator';

const broadcastAll = (use: Use): Shape =>
  use.inputs.map((_, index) => inputShape(use, index)).reduce(broadcastShapes);

const table = (names: string, operator: Operator): [string, Operator][] =>
  names.split(' ').map((name) => [name, operator]);

/** Same shape and element type as its first input, whatever else it takes. */
const like = (fewest: number, most = fewest): Operator => shaped([fewest, most], (use) => inputShape(use, 0));

const broadcasting = (fewest: number, most: number): Operator => ({
  inputs: [fewest, most],
  outputs: [1, 1],
  infer: (use) => [tensorType(sharedElementType(use, allInputs(use)), broadcastAll(use))],
});

const comparison = (fewest: number): Operator => ({
  inputs: [fewest, fewest],
  outputs: [1, 1],
  infer: (use) => {
    sharedElementType(use, allInputs(use));
    return [tensorType('bool', broadcastAll(use))];
  },
});

function cast(use: Use): ElementType {
  const code = intAttribute(use.attributes, 'to', 0);
  const elementType = elementTypeOfCode(code);
  if (elementType === undefined) throw new InvalidGraphError(`'to' is ${code}, which is no element type`);
  return elementType;
}

const where: Operator = {
  inputs: [3, 3],
  outputs: [1, 1],
  infer: (use) => [tensorType(sharedElementType(use, [1, 2]), broadcastAll(use))],
};

const identity: Operator = {
  inputs: [1, 1],
  outputs: [1, 1],
  anyKind: true,
  infer: ({ inputs }) => [inputs[0]?.type ?? unknownType],
};

const pow: Operator = {
  inputs: [2, 2],
  outputs: [1, 1],
  infer: (use) => [tensorType(typeOf(use, 0).elementType, broadcastAll(use))],
};

const castTo = (pick: (use: Use) => ElementType, inputs: readonly [number, number]): Operator => ({
  inputs,
  outputs: [1, 1],
  infer: (use) => [tensorType(pick(use), inputShape(use, 0))],
});

const pointwise =
  'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu ' +
  'Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ' +
  'ThresholdedRelu BitwiseNot ImageScaler';

/** Operators that work element by element, with or without broadcasting. */
export const elementwise: OperatorTable = Object.fromEntries([
  ...table(pointwise, like(1)),
  ...table('Clip', like(1, 3)),
  ...table('PRelu', like(2)),
  ...table('CumSum CumProd', like(2)),
  ...table('Add Sub Mul Div And Or Xor Mod BitShift BitwiseAnd BitwiseOr BitwiseXor', broadcasting(2, 2)),
  ...table('Sum Max Min Mean', broadcasting(1, many)),
  ...table('Equal Greater GreaterOrEqual Less LessOrEqual', comparison(2)),
  ...table('IsNaN IsInf', comparison(1)),
  ['Identity', identity],
  ['Pow', pow],
  ['Where', where],
  ['Cast', castTo(cast, [1, 1])],
  ['CastLike', castTo((use) => typeOf(use, 1).elementType, [2, 2])],
]);
