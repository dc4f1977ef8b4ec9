import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { add, castTo, exp, ints, multiply, subtract } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { number, sumOf } from '../graph-math';
import { rowOfFloats } from '../row-type';
import { isRight, logSoftmax, softmaxCrossEntropy } from './cross-entropy';
import type { Loss } from './loss';

export interface DistillationOptions {
  readonly classes: number;
  /** Both models' logits are divided by it, which tells the improbable classes apart. */
  readonly temperature: number;
  /** How much the teacher counts; the labels have the rest. */
  readonly teacherFraction: number;
}

const columns = (table: Value, from: number, to: number): Value =>
  operation('Slice', [table, ints([from]), ints([to]), ints([1])]);

const labelsOf = (targets: Value): Value => {
  const first = operation('Gather', [targets, ints([0])], { axis: attribute.int(1) });
  return castTo(operation('Squeeze', [first, ints([1])]), 'int64');
};

export interface Diverging {
  readonly logits: Value;
  /** Logits too, or log probabilities. */
  readonly teacher: Value;
  readonly temperature: number;
  /** Of the classes: 1 where absent. */
  readonly axis?: number;
}

/** The Kullback-Leibler divergence from a teacher's probabilities at a temperature, in nats; the axis of classes goes away. */
export function divergence({ logits, teacher, temperature, axis = 1 }: Diverging): Value {
  const soften = (scores: Value) => logSoftmax(multiply(scores, number(1 / temperature)), axis);
  const [own, taught] = [soften(logits), soften(teacher)];
  return sumOf(multiply(exp(taught), subtract(taught, own)), axis);
}

/**
 * Learns from a teacher's probabilities (Hinton et al., 2015): the Kullback-Leibler divergence of the student's from the
 * teacher's at a temperature, times its square so that gradients keep their size, and cross entropy with the labels.
 * A target is `[1 + classes]`: the class index, and the teacher's logits or log probabilities.
 */
export function distillation({ classes, temperature, teacherFraction }: DistillationOptions): Loss {
  return {
    targets: rowOfFloats(1 + classes),
    perRow: (logits, targets) => {
      const teacher = columns(targets, 1, classes + 1);
      const apart = divergence({ logits, teacher, temperature });
      const soft = multiply(apart, number(teacherFraction * temperature ** 2));
      const hard = softmaxCrossEntropy.perRow(logits, labelsOf(targets));
      return add(soft, multiply(hard, number(1 - teacherFraction)));
    },
    score: (logits, targets) => isRight(logits, labelsOf(targets)),
  };
}
