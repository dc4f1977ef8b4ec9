import type { ModelSignature } from '../../../shared/contracts/model';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { attribute, input, operation } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { castTo, ints, log } from '../../../shared/onnx/expressions';
import type { Graph, GraphOutput, InputValue, Model, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { elementTypeOf, printType, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { bindInputs } from '../../training/finetune/bind-inputs';
import { rowsAxis } from '../../training/finetune/refine-rows';
import { asColumn, number } from '../../training/graph-math';

export interface Replaced {
  readonly graph: Graph;
  readonly signature: ModelSignature;
  /** It answers with scores, not with probabilities. */
  readonly givesScores: boolean;
}

const rowOf = (value: Value): readonly number[] | undefined => staticShape(shapeOf(value)?.slice(1));

/** What the student reads, of what the replaced model is given. */
function adapted(given: InputValue, own: InputValue): { readonly given: InputValue; readonly value: Value } {
  const [theirs, ours] = [rowOf(given), rowOf(own)];
  const elementType = elementTypeOf(given) ?? 'float';
  const isAlike =
    elementType === elementTypeOf(own) && (theirs === undefined || theirs.join() === ours?.join());
  if (isAlike) return { given: own, value: own };
  const isText = [elementType, elementTypeOf(own)].includes('string');
  if (isText || ours === undefined || (theirs !== undefined && elementCount(theirs) !== elementCount(ours)))
    throw new UnsuitableModelError(
      `the student reads '${own.name}' as ${printType(own.type)}, and the model in whose place it is to stand as ${printType(given.type)}`,
    );
  const declared = input(given.name, elementType, [rowsAxis, ...(theirs ?? ours)]);
  const shaped =
    theirs?.join() === ours.join() ? declared : operation('Reshape', [declared, ints([0, ...ours])]);
  return { given: declared, value: castTo(shaped, elementTypeOf(own) ?? 'float') };
}

/** What the student answers, by what it is. */
interface StudentAnswers {
  /** The class of the label, or the number: `[batch]`. */
  readonly answer: Value;
  /** `[batch, classes]` */
  readonly probabilities?: Value;
}

/** Below it a probability is as good as none; its logarithm stays a number. */
const smallest = 1e-30;

/** The second of two classes alone, in the shape that is asked for. */
function ofSecond(scores: Value, row: readonly number[]): Value {
  const column = operation('Gather', [scores, ints([1])], { axis: attribute.int(1) });
  return row.length === 1 ? column : operation('Squeeze', [column, ints([1])]);
}

/** The student's form of an output; undefined where it has none. */
function outputLike(row: readonly number[], answers: StudentAnswers, replaced: Replaced): Value | undefined {
  const { answer, probabilities } = answers;
  const { classes = [] } = replaced.signature;
  const size = elementCount(row);
  if (probabilities === undefined) return size === 1 ? shapedAs(answer, row) : undefined;
  const scores = replaced.givesScores
    ? log(operation('Max', [probabilities, number(smallest)]))
    : probabilities;
  if (row.length === 1 && size === classes.length) return scores;
  return classes.length === 2 && size === 1 ? ofSecond(scores, row) : undefined;
}

const shapedAs = (value: Value, row: readonly number[]): Value =>
  row.length === 1 ? asColumn(value) : value;

const isWordOrWhole = (value: Value): boolean =>
  /^(string|bool|u?int\d+)$/.test(elementTypeOf(value) ?? 'float');

function outputOf({ name, value }: GraphOutput, answers: StudentAnswers, replaced: Replaced): GraphOutput {
  const field = replaced.signature.outputs.find((output) => output.name === name);
  const row = field?.shape ?? rowOf(value) ?? [];
  const isLabel = answers.probabilities !== undefined && isWordOrWhole(value) && elementCount(row) === 1;
  const own = isLabel ? shapedAs(answers.answer, row) : outputLike(row, answers, replaced);
  if (own !== undefined) return { name, value: castTo(own, elementTypeOf(value) ?? 'float') };
  throw new UnsuitableModelError(
    `the model's output '${name}', ${printType(value.type)}, is neither a label, nor probabilities, nor a predicted number, and a student gives nothing else`,
  );
}

/**
 * A student, as `exportModel` made it, behind the inputs and outputs of the model that it learned from: their names, types
 * and order. What it does not read is taken and left. `UnsuitableModelError` where one of them it cannot be.
 */
export function inPlaceOf(student: Model, replaced: Replaced): Model {
  const inputs: InputValue[] = [];
  const given = new Map<string, Value>();
  for (const theirs of replaced.graph.inputs) {
    const own = student.graph.inputs.find(({ name }) => name === theirs.name);
    const form = own && adapted(theirs, own);
    inputs.push(form?.given ?? theirs);
    if (form !== undefined) given.set(theirs.name, form.value);
  }
  const bound = bindInputs(student.graph, given);
  const [answer, probabilities] = bound.outputs.map(({ value }) => value);
  if (answer === undefined) throw new Error('the student has no outputs');
  const answers = { answer, ...(probabilities === undefined ? {} : { probabilities }) };
  const outputs = replaced.graph.outputs.map((output) => outputOf(output, answers, replaced));
  return model({ graph: { name: student.graph.name, inputs, outputs }, metadata: student.metadata });
}
