import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { bytesAtOnce } from './each-part';

/** Bytes of one row of a value, as far as its sizes are known: others count as 1. */
const bytesOfRow = (value: Value): number =>
  (shapeOf(value) ?? [])
    .slice(1)
    .reduce<number>((bytes, size) => bytes * (typeof size === 'number' ? size : 1), 4);

/** Things in groups whose values have at most `bytesAtOnce` a row together, or are alone. */
export function groupByBytes<T>(things: readonly T[], pick: (thing: T) => Value): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let free = 0;
  for (const thing of things) {
    const bytes = bytesOfRow(pick(thing));
    const last = bytes > free ? undefined : groups.at(-1);
    if (last === undefined) groups.push([thing]);
    else last.push(thing);
    free = (last === undefined ? bytesAtOnce : free) - bytes;
  }
  return groups;
}
