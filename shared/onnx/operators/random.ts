import { attributeOf, intAttribute } from '../attributes';
import type { ElementType, ValueType } from '../ir';
import { type Shape, tensorType } from '../shapes';
import {
  elementTypeAttribute,
  inputShape,
  named,
  type OperatorTable,
  operator,
  typeOf,
  type Use,
} from './operator';

const drawn = (use: Use, elementType: ElementType, shape: Shape): readonly ValueType[] => [
  tensorType(elementTypeAttribute(use, 'dtype') ?? elementType, shape),
];

const fresh = operator(0, 1, (use) => drawn(use, 'float', attributeOf.ints(use.attributes, 'shape')));

const like = operator(1, 1, (use) => drawn(use, typeOf(use, 0).elementType, inputShape(use, 0)));

const multinomial = operator(1, 1, (use) =>
  drawn(use, 'int32', [inputShape(use, 0)?.[0], intAttribute(use.attributes, 'sample_size', 1)]),
);

const dropout = operator([1, 3], [1, 2], (use) => [typeOf(use, 0), tensorType('bool', inputShape(use, 0))]);

/** Operators that draw random numbers. */
export const random: OperatorTable = {
  ...named('RandomNormal RandomUniform', fresh),
  ...named('RandomNormalLike RandomUniformLike Bernoulli', like),
  Multinomial: multinomial,
  Dropout: dropout,
};
