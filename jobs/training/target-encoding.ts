import { UnusableDataError } from '../../shared/errors/job-errors';
import { attribute } from '../../shared/onnx/attributes';
import { constant, floats, operation, scalar, tensor } from '../../shared/onnx/build';
import { add, castTo, greater, multiply, negate } from '../../shared/onnx/expressions';
import type { Tensor, Value } from '../../shared/onnx/ir';
import { type ColumnValues, scalarsOf } from '../datasets/column-values';
import type { ClassValue } from '../datasets/read-classes';
import { beside, number, takeRows, withoutColumn } from './graph-math';

/** Between the target as the data have it and as the network learns it. */
export type TargetEncoding =
  | {
      readonly task: 'classification';
      readonly classes: readonly ClassValue[];
      /** Two classes told apart by one logit, that of the second; else each class has its own. */
      readonly oneLogit?: true;
    }
  /** A standardised target makes one learning rate fit all units. */
  | { readonly task: 'regression'; readonly mean: number; readonly standardDeviation: number };

/** How many outputs the network has. */
export const outputCount = (encoding: TargetEncoding): number =>
  encoding.task === 'regression' || encoding.oneLogit ? 1 : encoding.classes.length;

const listed = (values: ColumnValues): unknown[] => Array.from<unknown>(scalarsOf(values));

/** Values of the target to what a network learns; the rows' numbers in the data set tell of one that is wrong. */
export type EncodeTargets = (values: ColumnValues, rowNumbers?: ArrayLike<number>) => Tensor;

/** Labels, as the text of their class, to class indices; numbers to standardised ones: `[rows]`. */
export function targetEncoder(encoding: TargetEncoding): EncodeTargets {
  if (encoding.task === 'regression') {
    const { mean, standardDeviation } = encoding;
    return (values) => {
      const numbers = Float32Array.from(
        listed(values),
        (value) => (Number(value) - mean) / standardDeviation,
      );
      return floats([numbers.length], numbers);
    };
  }
  const indices = new Map(encoding.classes.map((value, index) => [String(value), BigInt(index)]));
  return (values, rowNumbers) => {
    const labels = BigInt64Array.from(listed(values), (label, at) => {
      return (
        indices.get(String(label)) ??
        unknownClass(String(label), (rowNumbers?.[at] ?? at) + 1, encoding.classes)
      );
    });
    return tensor('int64', [labels.length], labels);
  };
}

const mostListed = 20;

function unknownClass(value: string, row: number, classes: readonly ClassValue[]): never {
  const known = classes.slice(0, mostListed).map((name) => `'${name}'`);
  const rest = classes.length > mostListed ? ` and ${classes.length - mostListed} more` : '';
  throw new UnusableDataError(
    `row ${row} has the class '${value}', which is none of those that are learned: ${known.join(', ')}${rest}; mend the row, or give data with the same classes`,
    'unknown_class',
    { row, value },
  );
}

/** The classes as a tensor of their own type: text, int64, bool, or double where a number is not whole. */
export function classTensor(classes: readonly ClassValue[]): Tensor {
  const all = (test: (value: ClassValue) => boolean) => classes.every(test);
  const dims = [classes.length];
  if (all((value) => typeof value === 'boolean')) return tensor('bool', dims, classes);
  if (all((value) => Number.isSafeInteger(value))) return tensor('int64', dims, classes);
  if (all((value) => typeof value === 'number')) return tensor('double', dims, classes);
  return tensor('string', dims, classes.map(String));
}

/** The network's outputs, `[batch, outputs]`, in the words of the data: label and probabilities, or a number. */
export function decodeOutputs(encoding: TargetEncoding, outputs: Value): Value[] {
  if (encoding.task === 'regression') {
    const { mean, standardDeviation } = encoding;
    const scaled = multiply(withoutColumn(outputs), constant(scalar(standardDeviation)));
    return [add(scaled, constant(scalar(mean)))];
  }
  const { winner, probabilities } = encoding.oneLogit ? ofOneLogit(outputs) : ofLogits(outputs);
  return [takeRows(constant(classTensor(encoding.classes)), winner), probabilities];
}

interface Decoded {
  /** Index of the most probable class, `[batch]`. */
  readonly winner: Value;
  /** `[batch, classes]` */
  readonly probabilities: Value;
}

const softmaxOf = (logits: Value): Value => operation('Softmax', [logits], { axis: attribute.int(1) });

const ofLogits = (logits: Value): Decoded => ({
  winner: operation('ArgMax', [logits], { axis: attribute.int(1), keepdims: attribute.int(0) }),
  probabilities: softmaxOf(logits),
});

/** The softmax of half the logit either way is its sigmoid, and as exact for what is improbable. */
const ofOneLogit = (logit: Value): Decoded => {
  const half = multiply(logit, number(0.5));
  return {
    winner: castTo(greater(withoutColumn(logit), number(0)), 'int64'),
    probabilities: softmaxOf(beside([negate(half), half])),
  };
};
