import type { ModelSignature } from '../../../shared/contracts/model';
import { input } from '../../../shared/onnx/build';
import type { InputValue, Model, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import { freeName } from '../../training/export-model';
import { baseNetwork } from '../../training/finetune/base-network';
import { bindInputs } from '../../training/finetune/bind-inputs';
import { findWeights, type Weight } from '../../training/finetune/find-weights';
import { type Prefix, prefixOf } from '../../training/finetune/prefix';
import { rowsAxis } from '../../training/finetune/refine-rows';
import type { Network } from '../../training/network';
import type { SampleBatch } from '../samples';
import { type AnswerPair, answerPairs, besideEachOther } from './answers';

export interface Pupils {
  /** Both in today's operators. */
  readonly student: Model;
  readonly teacher: Model;
  readonly signature: ModelSignature;
  /** Rows as both models read them. */
  readonly example: SampleBatch;
}

/** What of a model is trained to answer as another one does, and how both are run. */
export interface RetrainedPart {
  readonly inputs: readonly InputValue[];
  readonly pairs: readonly AnswerPair[];
  readonly weights: readonly Weight[];
  /** From what is kept of a row to the answers, side by side. */
  readonly network: Network;
  readonly prefix: Prefix;
  /** The teacher's answers, side by side. */
  readonly taught: Value;
}

/** The inputs of both models, with any number of rows along the first axis. */
const inputsOf = ({ student, example }: Pupils): readonly InputValue[] =>
  student.graph.inputs.map((value) => {
    const row = example.feeds[value.name]?.dims.slice(1) ?? [];
    return input(value.name, elementTypeOf(value) ?? 'float', [rowsAxis, ...row]);
  });

/** Cuts a model where its training begins. `UnsuitableModelError` where there is nothing to train. */
export function retrainedPart(pupils: Pupils): RetrainedPart {
  const inputs = inputsOf(pupils);
  const given = new Map<string, Value>(inputs.map((value) => [value.name, value]));
  const [student, teacher] = [pupils.student, pupils.teacher].map(({ graph }) => bindInputs(graph, given));
  const pairs = student && teacher ? answerPairs(student, teacher, pupils.signature) : [];
  const value = besideEachOther(pairs.map((pair) => pair.student));
  const { weights } = findWeights(value);
  const trained = new Set<Value>(weights.map((weight) => weight.value));
  const prefix = prefixOf({ value, trained, columns: inputs, augmented: false });
  const factors = new Map(weights.map(({ name }) => [name, 1]));
  return {
    inputs,
    pairs,
    weights,
    network: baseNetwork({ value, weights, trained: factors, frontier: prefix.frontier }),
    prefix,
    taught: besideEachOther(pairs.map((pair) => pair.teacher)),
  };
}

/** What is run once for each row, as one model: what the trained part reads, and the teacher's answers. */
export function onceModel({ inputs, prefix, taught }: RetrainedPart): {
  readonly model: Model;
  /** Names of the outputs, or of the input that is read as it is. */
  readonly features: string;
  readonly answers: string;
} {
  const names = new Set(inputs.map(({ name }) => name));
  const answers = { name: freeName('answers', names), value: taught };
  const features = { name: freeName('features', names), value: prefix.features };
  const isRead = prefix.features.kind === 'input';
  const outputs = isRead ? [answers] : [answers, features];
  return {
    model: model({ graph: { name: 'once', inputs, outputs } }),
    features: prefix.features.kind === 'input' ? prefix.features.name : features.name,
    answers: answers.name,
  };
}
