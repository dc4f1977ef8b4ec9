import { attribute } from '../../shared/onnx/attributes';
import { input, operation, output } from '../../shared/onnx/build';
import type { GraphOutput, InputValue, Model, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { differentiate } from '../autodiff/differentiate';
import { takeRows } from './graph-math';
import type { Network } from './layers';
import { type Loss, weightedMean } from './losses';
import { descend, type GradientTransformation } from './optimizers/gradient-transformation';

/** Everything that makes a step: what is learned, against what, and how. */
export interface Training {
  readonly network: Network;
  readonly loss: Loss;
  readonly optimizer: GradientTransformation;
  readonly features: number;
  readonly batchSize: number;
}

/** The tensors that a step changes, as inputs of a graph. */
export interface StepState {
  readonly parameters: readonly InputValue[];
  readonly optimizer: readonly InputValue[];
}

export interface Batch {
  /** `[batch, features]` */
  readonly features: Value;
  /** `[batch]` */
  readonly targets: Value;
  /** `[batch]`: 1, or 0 for a row that only fills a last batch up. */
  readonly weights: Value;
}

export interface Stepped {
  readonly loss: Value;
  /** Parameters, then optimizer state: in the order of the inputs. */
  readonly state: readonly Value[];
}

export const parameterName = (name: string): string => `parameter.${name}`;
const optimizerStateName = (index: number): string => `optimizer.${index}`;
/** The name of a state tensor after the step. */
export const nextName = (name: string): string => `next.${name}`;

/** Inputs that stand for parameters and optimizer state. */
export function stateInputs({ network, optimizer }: Training): StepState {
  const parameters = network.parameters.map(({ name, dims }) => input(parameterName(name), 'float', dims));
  const state = optimizer
    .init(parameters)
    .map(({ tensor: { elementType, dims } }, index) => input(optimizerStateName(index), elementType, dims));
  return { parameters, optimizer: state };
}

/** The optimizer's state before the first step. */
export const initialOptimizerState = (training: Training): Tensor[] =>
  training.optimizer.init(stateInputs(training).parameters).map((value) => value.tensor);

/** Model, loss, gradients and optimizer as one expression. */
function trainingStep({ network, loss, optimizer }: Training, state: StepState, batch: Batch): Stepped {
  const outputs = network.forward(batch.features, state.parameters);
  const mean = weightedMean(loss.perRow(outputs, batch.targets), batch.weights);
  const gradients = differentiate(mean, state.parameters);
  const { updates, state: next } = optimizer.update({ values: gradients }, state.optimizer, state.parameters);
  return { loss: mean, state: [...descend(state.parameters, updates), ...next] };
}

const everyState = ({ parameters, optimizer }: StepState): readonly InputValue[] => [
  ...parameters,
  ...optimizer,
];

const nextStates = (state: StepState, values: readonly Value[]): GraphOutput[] =>
  everyState(state).flatMap((before, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ name: nextName(before.name), value }];
  });

/** One step as a model: `features`, `targets`, `weights` and the state go in, `loss` and the next state come out. */
export function singleStepModel(training: Training): Model {
  const { batchSize, features, loss } = training;
  const state = stateInputs(training);
  const batch = {
    features: input('features', 'float', [batchSize, features]),
    targets: input('targets', loss.targetType, [batchSize]),
    weights: input('weights', 'float', [batchSize]),
  };
  const stepped = trainingStep(training, state, batch);
  return model({
    graph: {
      name: 'training_step',
      inputs: [...Object.values(batch), ...everyState(state)],
      outputs: [{ name: 'loss', value: stepped.loss }, ...nextStates(state, stepped.state)],
    },
  });
}

/**
 * Any number of steps as one `Loop`, whose states are parameters and optimizer state, so that they stay inside the runtime.
 * Inputs: `features` `[rows, features]`, `targets` `[rows]`, `indices` int32 `[steps, batch]` of the rows of each batch,
 * `weights` `[steps, batch]`, `steps` and the state. Outputs: `losses` `[steps]` and the next state.
 */
export function trainingLoopModel(training: Training): Model {
  const { batchSize, features, loss } = training;
  const rows = {
    features: input('features', 'float', ['rows', features]),
    targets: input('targets', loss.targetType, ['rows']),
    indices: input('indices', 'int32', ['steps', batchSize]),
    weights: input('weights', 'float', ['steps', batchSize]),
  };
  const steps = input('steps', 'int64', []);
  const initial = stateInputs(training);
  const loop = operation('Loop', [steps, undefined, ...everyState(initial)], {
    body: attribute.graph(loopBody(training, rows)),
  });
  const outputs = everyState(initial).map((_, index) => output(loop, index));
  const losses = output(loop, outputs.length);
  return model({
    graph: {
      name: 'training_loop',
      inputs: [...Object.values(rows), steps, ...everyState(initial)],
      outputs: [{ name: 'losses', value: losses }, ...nextStates(initial, outputs)],
    },
  });
}

interface Rows extends Batch {
  readonly indices: Value;
}

function loopBody(training: Training, rows: Rows) {
  const iteration = input('iteration', 'int64', []);
  const condition = input('condition', 'bool', []);
  const state = stateInputs(training);
  const indices = takeRows(rows.indices, iteration);
  const stepped = trainingStep(training, state, {
    features: takeRows(rows.features, indices),
    targets: takeRows(rows.targets, indices),
    weights: takeRows(rows.weights, iteration),
  });
  return {
    name: 'step',
    inputs: [iteration, condition, ...everyState(state)],
    outputs: [
      { name: 'again', value: condition },
      ...nextStates(state, stepped.state),
      { name: 'loss', value: stepped.loss },
    ],
  };
}
