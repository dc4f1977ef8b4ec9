import type { ModelSignature } from '../../../shared/contracts/model';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { attribute, intAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { elementCount, isFloatType } from '../../../shared/onnx/element-types';
import { castTo } from '../../../shared/onnx/expressions';
import type { Graph, GraphOutput, Value } from '../../../shared/onnx/ir';
import { elementTypeOf, printType, rankOf } from '../../../shared/onnx/shapes';
import { checkRows } from '../../training/finetune/bind-inputs';
import { rowDims } from '../../training/finetune/cut-graph';
import { findWeights } from '../../training/finetune/find-weights';

/** How two models' answers are held against each other: as probabilities of classes, of yes and no, or as numbers. */
export type AnswerKind = 'classes' | 'chances' | 'numbers';

/** What of an output is compared: for probabilities the scores that they are made of. */
export interface Answer {
  /** Of the output. */
  readonly name: string;
  readonly kind: AnswerKind;
  /** `[batch, …]` */
  readonly value: Value;
  /** Without the batch axis. */
  readonly dims: readonly number[];
  /** Of the classes; the batch axis is 0. */
  readonly axis: number;
}

/** What stands between scores and probabilities. */
const kinds: Readonly<Record<string, AnswerKind>> = {
  Softmax: 'classes',
  LogSoftmax: 'classes',
  Sigmoid: 'chances',
};

const unchanging = new Set(['Identity', 'Cast']);

/** What an output is a copy of. */
function behindCopies(value: Value): Value {
  let at = value;
  while (at.kind === 'operation' && at.domain === '' && unchanging.has(at.op)) {
    const [given] = at.inputs;
    if (given === undefined || !isFloat(given)) break;
    at = given;
  }
  return at;
}

function isFloat(value: Value): boolean {
  const elementType = elementTypeOf(value);
  return elementType !== undefined && isFloatType(elementType);
}

type Compared = Pick<Answer, 'kind' | 'value' | 'axis'>;

function compared(output: Value, { task, classes }: ModelSignature): Compared {
  const value = behindCopies(output);
  const scores = value.kind === 'operation' && value.domain === '' ? value.inputs[0] : undefined;
  if (value.kind === 'operation' && scores !== undefined && Object.hasOwn(kinds, value.op)) {
    const rank = rankOf(scores) ?? 1;
    const axis = (intAttribute(value.attributes, 'axis', -1) + rank) % rank;
    return { kind: kinds[value.op] ?? 'numbers', value: scores, axis };
  }
  const isScores = task === 'classification' && rowDims(value)?.join() === String(classes?.length);
  return { kind: isScores ? 'classes' : 'numbers', value, axis: 1 };
}

type Reading = (output: Value) => Compared;

const asItIs: Reading = (value) => ({ kind: 'numbers', value, axis: 1 });

function answerOf({ name, value: output }: GraphOutput, read: Reading): Answer {
  const { kind, value, axis } = read(output);
  checkRows(value, name);
  const dims = rowDims(value);
  if (dims === undefined)
    throw new UnsuitableModelError(
      `the output '${name}' is ${printType(value.type)}, whose size in each row is not known: export the model with fixed sizes but for the batch axis`,
    );
  return { name, kind, value, dims, axis };
}

/** The outputs of floats that rest on weights. `UnsuitableModelError` where there are none. */
function trainableOutputs({ outputs }: Graph): readonly GraphOutput[] {
  const trainable = outputs.filter(({ value }) => isFloat(value) && findWeights(value).weights.length > 0);
  if (trainable.length > 0) return trainable;
  const listed = outputs.map(({ name, value }) => `'${name}' ${printType(value.type)}`).join(', ');
  throw new UnsuitableModelError(
    `none of the model's outputs is of floats that rest on trainable weights, so that there is nothing to train; they are: ${listed}`,
  );
}

function outputNamed({ outputs }: Graph, name: string): GraphOutput {
  const found = outputs.find((output) => output.name === name);
  if (found !== undefined) return found;
  throw new UnsuitableModelError(`the model to learn from has no output '${name}'`);
}

/** An output of two models, read alike in both. */
export interface AnswerPair {
  readonly student: Answer;
  readonly teacher: Answer;
}

/**
 * What a model is trained to answer as another one does, output by output, over graphs whose inputs have rows along their
 * first axis. Where only one of them ends in a softmax, the outputs themselves are compared.
 */
export function answerPairs(
  student: Graph,
  teacher: Graph,
  signature: ModelSignature,
): readonly AnswerPair[] {
  const pairOf = (output: GraphOutput, read: Reading): AnswerPair => ({
    student: answerOf(output, read),
    teacher: answerOf(outputNamed(teacher, output.name), read),
  });
  return trainableOutputs(student).map((output) => {
    const pair = pairOf(output, (value) => compared(value, signature));
    const isAlike = pair.student.kind === pair.teacher.kind && pair.student.axis === pair.teacher.axis;
    const chosen = isAlike ? pair : pairOf(output, asItIs);
    if (chosen.student.dims.join() === chosen.teacher.dims.join()) return chosen;
    throw new UnsuitableModelError(
      `the output '${output.name}' is [${chosen.student.dims.join(', ')}] in each row, and [${chosen.teacher.dims.join(', ')}] in the model to learn from`,
    );
  });
}

/** Several answers in one: `[batch, numbers]`. */
export const besideEachOther = (answers: readonly Answer[]): Value => {
  const flat = answers.map(({ value }) =>
    operation('Flatten', [castTo(value, 'float')], { axis: attribute.int(1) }),
  );
  const [only] = flat;
  return only !== undefined && flat.length === 1
    ? only
    : operation('Concat', flat, { axis: attribute.int(1) });
};

/** How many numbers of a row an answer is. */
export const lengthOf = ({ dims }: Pick<Answer, 'dims'>): number => elementCount(dims);
