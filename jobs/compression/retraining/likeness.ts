import { attribute, operation } from '../../../shared/onnx/build';
import { add, castTo, ints, multiply, negate, not, subtract, where } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number, withoutColumn } from '../../training/graph-math';
import { binaryCrossEntropy } from '../../training/losses/binary-cross-entropy';
import { softmaxCrossEntropy } from '../../training/losses/cross-entropy';
import { divergence } from '../../training/losses/distillation';
import type { Loss } from '../../training/losses/loss';
import { squaredError } from '../../training/losses/squared-error';
import { rowOfFloats } from '../../training/row-type';
import { type Answer, type AnswerKind, lengthOf } from './answers';

/** One of the answers that are compared, by what is known of it before training. */
export interface ComparedAnswer extends Pick<Answer, 'kind' | 'dims' | 'axis'> {
  /** Of the teacher's numbers over the rows: what an error is measured by. */
  readonly variance: number;
}

export interface LikenessOptions {
  /** In the order in which they stand side by side. */
  readonly answers: readonly ComparedAnswer[];
  /** Scores are divided by it, which tells the improbable classes apart (Hinton et al., 2015). */
  readonly temperature: number;
  /** Of the loss of a row that has a label. */
  readonly labelFraction: number;
  /** Which of the answers the labels speak of, where there are labels. */
  readonly labelled?: number;
}

/** The mean of each row of `[batch, …]`. */
const meanOfRow = (value: Value, axes: number): Value =>
  axes === 0
    ? value
    : operation('ReduceMean', [value, ints(Array.from({ length: axes }, (_, axis) => axis + 1))], {
        keepdims: attribute.int(0),
      });

const softplus = (value: Value): Value => operation('Softplus', [value]);

/** The divergence between the chances of yes and no, score by score. */
function betweenChances(student: Value, teacher: Value): Value {
  const chance = operation('Sigmoid', [teacher]);
  const ofYes = subtract(softplus(negate(student)), softplus(negate(teacher)));
  const ofNo = subtract(softplus(student), softplus(teacher));
  return add(multiply(chance, ofYes), multiply(subtract(number(1), chance), ofNo));
}

type Distance = (
  student: Value,
  teacher: Value,
  options: { readonly answer: ComparedAnswer; readonly temperature: number },
) => Value;

/** How far the answers of each row, `[batch, numbers]`, are apart: `[batch]`. Gradients of scores keep their size at any temperature. */
const distances: Readonly<Record<AnswerKind, Distance>> = {
  classes: (student, teacher, { answer: { dims, axis }, temperature }) => {
    const shaped = (value: Value) =>
      dims.length === 1 ? value : operation('Reshape', [value, ints([0, ...dims])]);
    const apart = divergence({ logits: shaped(student), teacher: shaped(teacher), temperature, axis });
    return multiply(meanOfRow(apart, dims.length - 1), number(temperature ** 2));
  },
  chances: (student, teacher, { temperature }) => {
    const soften = (value: Value) => multiply(value, number(1 / temperature));
    return multiply(meanOfRow(betweenChances(soften(student), soften(teacher)), 1), number(temperature ** 2));
  },
  numbers: (student, teacher, { answer: { variance } }) => {
    const error = subtract(student, teacher);
    return multiply(meanOfRow(multiply(error, error), 1), number(1 / variance));
  },
};

/** How wrong the student is, `[batch]`, by labels `[batch]`, 0 where there is none. */
const mistakes: Readonly<
  Record<AnswerKind, (student: Value, label: Value, answer: ComparedAnswer) => Value>
> = {
  classes: (student, label) => softmaxCrossEntropy.perRow(student, castTo(label, 'int64')),
  chances: (student, label) => binaryCrossEntropy().perRow(student, castTo(label, 'int64')),
  numbers: (student, label, { variance }) =>
    multiply(squaredError.perRow(student, label), number(1 / variance)),
};

/** Whether a label can speak of the answer: one number of each row, or the scores of its classes. */
export const canHaveLabels = ({ kind, dims }: Pick<Answer, 'kind' | 'dims'>): boolean =>
  kind === 'classes' ? dims.length === 1 : lengthOf({ dims }) === 1;

const columns = (table: Value, from: number, to: number): Value =>
  operation('Slice', [table, ints([from]), ints([to]), ints([1])]);

/** What each row is held against: its label, negative or not a number where it has none, and behind it the teacher's answers. */
const labelOf = (targets: Value): Value => withoutColumn(columns(targets, 0, 1));

const hasLabel: Readonly<Record<AnswerKind, (label: Value) => Value>> = {
  classes: (label) => operation('GreaterOrEqual', [label, number(0)]),
  chances: (label) => operation('GreaterOrEqual', [label, number(0)]),
  numbers: (label) => not(operation('IsNaN', [label])),
};

/**
 * How unlike the teacher's a student's answers are, and how wrong they are by the labels, side by side `[batch, numbers]`.
 * A target is `[1 + numbers]`: the label, and what the teacher answered.
 */
export function likeness({ answers, temperature, labelFraction, labelled }: LikenessOptions): Loss {
  const ends = answers.map((_, index) =>
    answers.slice(0, index + 1).reduce((sum, answer) => sum + lengthOf(answer), 0),
  );
  const total = ends.at(-1) ?? 0;
  const partOf = (table: Value, index: number, before = 0) =>
    columns(table, before + (ends[index - 1] ?? 0), before + (ends[index] ?? total));
  const apart = (outputs: Value, targets: Value): Value =>
    answers
      .map((answer, index) =>
        distances[answer.kind](partOf(outputs, index), partOf(targets, index, 1), { answer, temperature }),
      )
      .reduce(add);
  const perRow = (outputs: Value, targets: Value): Value => {
    const answer = labelled === undefined ? undefined : answers[labelled];
    const distance = apart(outputs, targets);
    if (answer === undefined || labelled === undefined || labelFraction === 0) return distance;
    const label = labelOf(targets);
    const has = hasLabel[answer.kind](label);
    const known = where(has, label, number(0));
    const fraction = multiply(castTo(has, 'float'), number(labelFraction));
    const mistake = mistakes[answer.kind](partOf(outputs, labelled), known, answer);
    return add(multiply(distance, subtract(number(1), fraction)), multiply(mistake, fraction));
  };
  return { targets: rowOfFloats(1 + total), perRow, score: apart };
}
