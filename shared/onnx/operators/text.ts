import { attributeOf } from '../attributes';
import { broadcastShapes, type Shape, tensorType } from '../shapes';
import { inputShape, type OperatorTable, operator, shaped, type Use } from './operator';

/** Counts of n-grams: one per entry of the pool. */
function tfIdfShape(use: Use): Shape {
  const x = inputShape(use, 0);
  const indexes = attributeOf.ints(use.attributes, 'ngram_indexes');
  const count = indexes?.reduce((most, index) => Math.max(most, index + 1), 0);
  return x && [...x.slice(0, -1), count];
}

const stringSplit = operator(1, 2, (use) => {
  const x = inputShape(use, 0);
  return [tensorType('string', x && [...x, undefined]), tensorType('int64', x)];
});

/** Operators of strings. */
export const text: OperatorTable = {
  StringNormalizer: shaped([1, 1], (use) => inputShape(use, 0)?.map((size) => (size === 1 ? 1 : undefined))),
  StringConcat: shaped([2, 2], (use) => broadcastShapes(inputShape(use, 0), inputShape(use, 1)), {
    same: [0, 1],
  }),
  StringSplit: stringSplit,
  RegexFullMatch: operator(1, 1, (use) => [tensorType('bool', inputShape(use, 0))]),
  TfIdfVectorizer: operator(1, 1, (use) => [tensorType('float', tfIdfShape(use))]),
};
