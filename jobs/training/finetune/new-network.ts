import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import type { InputValue, Value } from '../../../shared/onnx/ir';
import { sequential } from '../layers/sequential';
import type { Network } from '../network';
import { baseNetwork } from './base-network';
import { chooseTrained, type TrainedNames } from './choose-trained';
import { findWeights, type Weight } from './find-weights';
import { newHead, poolingOf } from './new-head';
import { type Prefix, prefixOf } from './prefix';

export interface NetworkOptions {
  readonly model: Pick<FamilySpec<'finetune'>, 'head' | 'freeze' | 'learning_rates'>;
  /** What the head reads, over columns. */
  readonly value: Value;
  readonly columns: readonly InputValue[];
  readonly outputs: number;
  readonly augmented: boolean;
}

export interface NewNetwork {
  readonly network: Network;
  readonly prefix: Prefix;
  /** Of the model as it was, ahead of the head. */
  readonly weights: readonly Weight[];
  readonly trained: TrainedNames;
  /** How the head reads a value of many places, for people. */
  readonly pooling: string;
}

/** A model that was fine-tuned before may have weights of a former head. */
function freeHeadName(weights: readonly Weight[]): string {
  let name = 'head';
  for (let count = 2; weights.some((weight) => weight.name.startsWith(`${name}.`)); count++)
    name = `head_${count}`;
  return name;
}

const scaledHead = (network: Network, trained: TrainedNames): Network => ({
  ...network,
  parameters: network.parameters.map((spec) => ({
    ...spec,
    learningRateFactor: trained.get(spec.name) ?? 0,
  })),
});

/** The model that was there, cut where its training begins, and a new head on it. */
export function newNetwork({ model, value, columns, outputs, augmented }: NetworkOptions): NewNetwork {
  const { weights } = findWeights(value);
  const { network: pooling, features, how } = poolingOf(value);
  const name = freeHeadName(weights);
  const head = newHead({ name, hiddenUnits: model.head.hidden_units, inputs: features, outputs });
  const names = {
    base: weights.map((weight) => weight.name),
    head: head.parameters.map((parameter) => parameter.name),
    headName: name,
  };
  const trained = chooseTrained(names, model);
  const values = new Set<Value>(
    weights.filter((weight) => trained.has(weight.name)).map((weight) => weight.value),
  );
  const prefix = prefixOf({ value, trained: values, columns, augmented });
  const base = baseNetwork({ value, weights, trained, frontier: prefix.frontier });
  return {
    network: sequential(base, pooling, scaledHead(head, trained)),
    prefix,
    weights,
    trained,
    pooling: how,
  };
}
