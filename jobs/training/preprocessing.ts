import { attribute } from '../../shared/onnx/attributes';
import { constant, floats, input, int64s, operation } from '../../shared/onnx/build';
import { divide, subtract, where } from '../../shared/onnx/expressions';
import type { InputValue, Value } from '../../shared/onnx/ir';
import { tensorType } from '../../shared/onnx/shapes';
import type { CategoryStatistics, ColumnStatistics, NumberStatistics } from '../datasets/fit-statistics';
import { asColumn, beside, number } from './graph-math';

/** Raw columns to what a network reads, as an expression: the same one in training and in the exported model. */
export interface Preprocessing {
  /** One for each column: `[batch]` of floats (NaN: missing) or strings (`''`: missing), or `[batch, …]` of an image or a sequence. */
  readonly inputs: readonly InputValue[];
  /** `[batch, …]` */
  readonly features: Value;
  /** What a row takes on its way to the features, where that is much more than the row itself. */
  readonly workingBytes?: number;
}

/** Of columns of numbers and categories: `features` is `[batch, features]`. */
export interface ColumnPreprocessing extends Preprocessing {
  /** Of each feature, e.g. `age`, `island=Biscoe`, `island (missing)`, `island (unseen)`. */
  readonly names: readonly string[];
  /** Features that are 0 in every training row. */
  readonly silent: readonly number[];
}

interface Encoded {
  readonly inputs: readonly InputValue[];
  readonly features: Value;
  readonly names: readonly string[];
  readonly silent: readonly boolean[];
}

/**
 * What a column is divided by: its deviation, but nothing below the steps that float32 makes at its mean. A column that
 * varies less than that would come out as large steps of rounding.
 */
const scaleOf = ({ standardDeviation, mean }: NumberStatistics): number =>
  Math.max(standardDeviation, Math.abs(mean) * 2 ** -23, 2 ** -126);

/**
 * No row of 2^32 is this many deviations from their mean (Samuelson, 1968), so no training row is changed; but without a
 * bound, one that a caller sends could overflow float32 inside the network, and be answered with NaN.
 */
const farthest = 2 ** 16;

/** Missing numbers become the median of the training rows; then all are shifted and scaled to mean 0 and deviation 1. */
function encodeNumbers(columns: readonly NumberStatistics[]): Encoded {
  const inputs = columns.map(({ name }) => input(name, 'float', ['batch']));
  const row = (value: (column: NumberStatistics) => number) =>
    constant(floats([1, columns.length], columns.map(value)));
  const raw = beside(inputs.map(asColumn));
  const present = where(
    operation('IsNaN', [raw]),
    row(({ median }) => median),
    raw,
  );
  const centred = subtract(
    present,
    row(({ mean }) => mean),
  );
  return {
    inputs,
    features: operation('Clip', [divide(centred, row(scaleOf)), number(-farthest), number(farthest)]),
    names: columns.map(({ name }) => name),
    silent: columns.map(() => false),
  };
}

/**
 * One feature for each category, one for a missing value where training rows had one, and a last one for every other value:
 * those past the limit of categories, and those never seen.
 */
function encodeCategory({ name, categories, missing }: CategoryStatistics, trainingRows: number): Encoded {
  const text = input(name, 'string', ['batch']);
  const keys = categories.map(({ value }) => value);
  const known = missing > 0 ? [...keys, ''] : keys;
  const attributes = {
    keys_strings: attribute.strings(known),
    values_int64s: attribute.ints(known.map((_, index) => index)),
    default_int64: attribute.int(known.length),
  };
  const types = [tensorType('int64', ['batch'])];
  const index = operation('LabelEncoder', [text], attributes, { domain: 'ai.onnx.ml', types });
  const depth = constant(int64s([known.length + 1]));
  const features = operation('OneHot', [index, depth, constant(floats([2], [0, 1]))], {
    axis: attribute.int(1),
  });
  const seen = categories.reduce((sum, { count }) => sum + count, missing);
  return {
    inputs: [text],
    features,
    names: [
      ...keys.map((key) => `${name}=${key}`),
      ...(missing > 0 ? [`${name} (missing)`] : []),
      `${name} (unseen)`,
    ],
    silent: [...known.map(() => false), seen >= trainingRows],
  };
}

const isNumber = (column: ColumnStatistics): column is NumberStatistics => column.kind === 'number';
const isCategory = (column: ColumnStatistics): column is CategoryStatistics => column.kind === 'category';

/** Fitted statistics as a graph. At least one column must be usable. */
export function preprocessing(
  columns: readonly ColumnStatistics[],
  trainingRows: number,
): ColumnPreprocessing {
  const numbers = columns.filter(isNumber);
  const encoded = [
    ...(numbers.length > 0 ? [encodeNumbers(numbers)] : []),
    ...columns.filter(isCategory).map((column) => encodeCategory(column, trainingRows)),
  ];
  const inputs = encoded.flatMap((one) => one.inputs);
  const place = new Map(columns.map(({ name }, index) => [name, index]));
  const silent = encoded.flatMap((one) => one.silent);
  return {
    inputs: inputs.toSorted((a, b) => (place.get(a.name) ?? 0) - (place.get(b.name) ?? 0)),
    features: beside(encoded.map((one) => one.features)),
    names: encoded.flatMap((one) => one.names),
    silent: silent.flatMap((isSilent, index) => (isSilent ? [index] : [])),
  };
}
