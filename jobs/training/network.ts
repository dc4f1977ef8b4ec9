import { InvalidGraphError } from '../../shared/errors/graph-errors';
import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor, Value } from '../../shared/onnx/ir';
import type { RandomSource } from './random';

/** How a parameter is drawn before the first step; see `initial-weights.ts`. */
export type Initialiser =
  | 'he'
  | 'glorot'
  | 'zeros'
  | 'ones'
  /** Normal around zero. */
  | { readonly standardDeviation: number }
  /** Uniform between minus this and this. */
  | { readonly limit: number }
  /** Known beforehand: of a model that was trained before. */
  | { readonly value: Tensor };

/** A tensor that is learned. Weights of affine maps are `[inputs, outputs]`, biases `[outputs]`. */
export interface ParameterSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly initialiser: Initialiser;
  /** Inputs and outputs that one element connects; the first two dims where absent. */
  readonly fan?: readonly [inputs: number, outputs: number];
  /** Rows of the first axis that start at zero, because no training row has their feature. */
  readonly silentRows?: readonly number[];
  /** Of the learning rate; 1 where absent. */
  readonly learningRateFactor?: number;
  /** Whether penalties pull it to zero; where absent, all do but those of one axis, which are biases and scales. */
  readonly decays?: boolean;
}

/** A tensor that training keeps without learning it, such as a running mean. */
export interface StatisticSpec {
  readonly name: string;
  readonly dims: readonly number[];
  /** What every element is before the first step, or the tensor itself. */
  readonly initial: number | Tensor;
}

/** One use of a network: it asks for its tensors by name and, in training, draws its random numbers here. */
export interface ForwardPass {
  readonly training: boolean;
  readonly parameter: (name: string) => Value;
  readonly statistic: (name: string) => Value;
  /** What a statistic is after this step; asked for in training alone. */
  readonly update: (name: string, value: Value) => void;
  /** Absent when it predicts. */
  readonly random?: RandomSource;
}

/**
 * A model, or a part of one, without its weights: in training they are a loop's states, in the exported model constants.
 * Names are unique within the whole.
 */
export interface Network {
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticSpec[];
  /** `[batch, …]` to `[batch, …]`. */
  readonly apply: (value: Value, pass: ForwardPass) => Value;
}

/** How many numbers are learned. */
export const parameterCount = ({ parameters }: Network): number =>
  parameters.reduce((sum, { dims }) => sum + elementCount(dims), 0);

/** What a model needs to predict; in the order of the network's specs. */
export interface Weights<T = Tensor> {
  readonly parameters: readonly T[];
  readonly statistics: readonly T[];
}

function named(specs: readonly { name: string }[], values: readonly Value[]): (name: string) => Value {
  const byName = new Map(specs.map(({ name }, index) => [name, values[index]]));
  return (name) => {
    const value = byName.get(name);
    if (value === undefined) throw new InvalidGraphError(`the network has no tensor named '${name}'`);
    return value;
  };
}

/** The network's outputs as it predicts: nothing is random, and statistics stand still. */
export function predict(network: Network, input: Value, weights: Weights<Value>): Value {
  return network.apply(input, {
    training: false,
    parameter: named(network.parameters, weights.parameters),
    statistic: named(network.statistics, weights.statistics),
    update: () => undefined,
  });
}

export interface TrainingPass {
  readonly outputs: Value;
  /** In the order of the network's specs. */
  readonly statistics: readonly Value[];
}

/** The network's outputs as it learns. */
export function forward(
  network: Network,
  input: Value,
  { weights, random }: { weights: Weights<Value>; random: RandomSource },
): TrainingPass {
  const updated = new Map<string, Value>();
  const statistic = named(network.statistics, weights.statistics);
  const outputs = network.apply(input, {
    training: true,
    parameter: named(network.parameters, weights.parameters),
    statistic,
    update: (name, value) => updated.set(name, value),
    random,
  });
  return {
    outputs,
    statistics: network.statistics.map(({ name }) => updated.get(name) ?? statistic(name)),
  };
}
