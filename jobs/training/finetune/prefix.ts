import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { elementCount, elementFormats } from '../../../shared/onnx/element-types';
import type { InputValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf, printType } from '../../../shared/onnx/shapes';
import { everyValue } from '../../../shared/onnx/walk';
import { type RowType, rowOfFloats } from '../row-type';
import { packed } from './base-network';
import { cutGraph, rowDims } from './cut-graph';

/** What of a model is run once per row, and what its trained part is handed. */
export interface Prefix {
  /** What the trained part reads, in the order in which it is packed. */
  readonly frontier: readonly Value[];
  /** `[batch, …]`: the frontier in one. */
  readonly features: Value;
  readonly row: RowType;
  /** How many layers are run once per row, and not in every step. */
  readonly cachedLayers: number;
  /** Of a row on its way through them. */
  readonly workingBytes: number;
}

export interface PrefixOptions {
  /** What the head reads. */
  readonly value: Value;
  readonly trained: ReadonlySet<Value>;
  readonly columns: readonly InputValue[];
  /** Rows are changed at random before the network sees them: nothing of it can be run beforehand. */
  readonly augmented: boolean;
}

function rowTypeOf(values: readonly Value[]): RowType {
  const types = values.map((value) => {
    const [elementType, dims] = [elementTypeOf(value), rowDims(value)];
    if (elementType !== undefined && elementType !== 'string' && dims !== undefined)
      return { elementType, dims };
    throw new UnsuitableModelError(
      `the trained part of the model reads ${printType(value.type)}, whose size in each row is not known: export the model with fixed sizes but for the batch axis`,
    );
  });
  const [only] = types;
  if (only !== undefined && types.length === 1) return only;
  return rowOfFloats(types.reduce((sum, { dims }) => sum + elementCount(dims), 0));
}

const bytesOf = (value: Value): number => {
  const { storage } = elementFormats[elementTypeOf(value) ?? 'float'];
  return elementCount(rowDims(value) ?? [0]) * (storage?.BYTES_PER_ELEMENT ?? 16);
};

/** A few tensors live at a time, of which the largest counts. */
const livingTensors = 3;

const peakOf = (values: readonly Value[]): number =>
  livingTensors * everyValue(values).reduce((most, value) => Math.max(most, bytesOf(value)), 0);

/**
 * The longest part of a model that rests on no trained weight, where it has a layer in it; where it has none, rows are kept
 * as they are stored, which takes the least memory, and the network does the rest.
 */
export function prefixOf({ value, trained, columns, augmented }: PrefixOptions): Prefix {
  const [only, ...others] = columns;
  const isLone = only !== undefined && others.length === 0 && elementTypeOf(only) !== 'string';
  const { frontier, heavyNodes } = cutGraph(value, trained);
  const isWhole = isLone && (augmented || heavyNodes.length === 0);
  const read = isWhole ? [only] : frontier;
  const features = packed(read);
  return {
    frontier: read,
    features,
    row: rowTypeOf(read),
    cachedLayers: isWhole ? 0 : heavyNodes.length,
    workingBytes: isWhole ? 0 : peakOf([features]),
  };
}
