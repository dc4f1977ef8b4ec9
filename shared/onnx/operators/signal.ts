import { attributeOf, intAttribute } from '../attributes';
import type { Dimension } from '../ir';
import { type Shape, tensorType } from '../shapes';
import { givenSizes } from './given';
import {
  elementTypeAttribute,
  inputShape,
  named,
  type OperatorTable,
  operator,
  shaped,
  type Use,
} from './operator';

const window = operator(1, 1, (use) => [
  tensorType(elementTypeAttribute(use, 'output_datatype') ?? 'float', [givenSizes(use, 0)?.[0]]),
]);

const halved = (length: Dimension): Dimension =>
  typeof length === 'number' ? Math.floor(length / 2) + 1 : undefined;

const isOneSided = (use: Use, missing: number): boolean =>
  intAttribute(use.attributes, 'onesided', missing) !== 0;

/** Frequencies along one axis: as many as asked for, half of them where `onesided`; the last axis is re, im. */
function dftShape(use: Use): Shape {
  const x = inputShape(use, 0);
  if (x === undefined) return undefined;
  const given =
    use.inputs[2] === undefined ? (attributeOf.int(use.attributes, 'axis') ?? 1) : givenSizes(use, 2)?.[0];
  if (typeof given !== 'number') return [...x.map(() => undefined).slice(1), 2];
  const axis = given < 0 ? given + x.length : given;
  const length = use.inputs[1] === undefined ? x[axis] : givenSizes(use, 1)?.[0];
  return x.with(axis, isOneSided(use, 0) ? halved(length) : length).with(-1, 2);
}

/** [batch, frames, frequencies, 2]. */
function stftShape(use: Use): Shape {
  const x = inputShape(use, 0);
  const [step] = givenSizes(use, 1) ?? [];
  const length = use.inputs[3] === undefined ? inputShape(use, 2)?.[0] : givenSizes(use, 3)?.[0];
  const size = x?.[1];
  const known = typeof size === 'number' && typeof step === 'number' && typeof length === 'number';
  const frames = known ? Math.floor((size - length) / step) + 1 : undefined;
  return [x?.[0], frames, isOneSided(use, 1) ? halved(length) : length, 2];
}

const melWeights = operator(5, 1, (use) => [
  tensorType(elementTypeAttribute(use, 'output_datatype') ?? 'float', [
    halved(givenSizes(use, 1)?.[0]),
    givenSizes(use, 0)?.[0],
  ]),
]);

/** Operators of signals in time. */
export const signal: OperatorTable = {
  ...named('BlackmanWindow HammingWindow HannWindow', window),
  DFT: shaped([1, 3], dftShape),
  STFT: shaped([2, 4], stftShape),
  MelWeightMatrix: melWeights,
};
