import { attributeOf } from '../attributes';
import { knownEntries } from '../known-values';
import { type Shape, unknownShape } from '../shapes';
import { inputShape, type Use } from './operator';

/** No tensor has more axes; a file may well say so. */
const highestRank = 64;

/** What a shape-giving input (or, in old versions, attribute) says: the entries, or at least how many. */
export function givenSizes(use: Use, index: number, attribute?: string): Shape {
  const given = use.inputs[index];
  if (given === undefined)
    return attribute === undefined ? undefined : attributeOf.ints(use.attributes, attribute);
  const entries = knownEntries(given);
  if (entries !== undefined) return entries;
  const [length] = inputShape(use, index) ?? [];
  return typeof length === 'number' && length <= highestRank ? unknownShape(length) : undefined;
}

/** The entries where all of them are known before the run. */
export const givenInts = (use: Use, index: number, attribute?: string): readonly number[] | undefined => {
  const entries = givenSizes(use, index, attribute);
  return entries?.every((entry) => typeof entry === 'number') ? entries : undefined;
};
