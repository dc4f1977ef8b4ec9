import { attribute } from '../../shared/onnx/attributes';
import { constant, input, operation, output, tensor } from '../../shared/onnx/build';
import { add, castTo, divide, multiply } from '../../shared/onnx/expressions';
import type { Graph, GraphOutput, InputValue, Model, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { shapeOf, staticShape } from '../../shared/onnx/shapes';
import { type Augmentation, unchanged } from './augmentation/augmentation';
import { type Batch, gradientsOf, type Learner, type Objective } from './batch-gradients';
import type { BatchPicker } from './batch-picker';
import { number, takeRows } from './graph-math';
import { movingAverages } from './moving-averages';
import { type Directions, descend } from './optimizers/gradient-transformation';
import { zerosLike } from './optimizers/state';
import { randomSource } from './random';
import type { Schedule } from './schedules';
import { regrouped, type StateOf, stateGroups } from './training-state';

/** Everything that makes a step: what is learned, from which examples, against what, and how. */
export interface Training extends Objective {
  readonly picker: BatchPicker;
  /** What the optimizer goes by, to be told of. */
  readonly schedule: Schedule;
  readonly batchSize: number;
  /** Batches whose gradients make a step together; 1 where absent. */
  readonly accumulation?: number;
  /** Of the moving average of the parameters, where there is one: see `movingAverages`. */
  readonly averageDecay?: number;
  readonly augmentation?: Augmentation;
}

const accumulationOf = ({ accumulation = 1 }: Training): number => accumulation;

/** Rows that make one step. */
export const rowsPerStep = (training: Training): number => training.batchSize * accumulationOf(training);

const groupPrefix = {
  parameters: 'parameter',
  statistics: 'statistic',
  optimizer: 'optimizer',
  averages: 'average',
} as const;

/** The name of a parameter or statistic as an input of a graph that predicts. */
export const parameterName = (name: string): string => `${groupPrefix.parameters}.${name}`;
export const statisticName = (name: string): string => `${groupPrefix.statistics}.${name}`;
/** The name of a state tensor after the step. */
export const nextName = (name: string): string => `next.${name}`;

const inputLike = (name: string, { elementType, dims }: Tensor): InputValue => input(name, elementType, dims);

/** Inputs that stand for the tensors that a step changes. */
export function stateInputs({ network, optimizer, averageDecay }: Training): StateOf<InputValue> {
  const parameters = network.parameters.map(({ name, dims }) => input(parameterName(name), 'float', dims));
  return {
    parameters,
    statistics: network.statistics.map(({ name, dims }) => input(statisticName(name), 'float', dims)),
    optimizer: optimizer
      .init(parameters)
      .map((value, index) => inputLike(`${groupPrefix.optimizer}.${index}`, value.tensor)),
    averages:
      averageDecay === undefined
        ? []
        : network.parameters.map(({ name, dims }) => input(`${groupPrefix.averages}.${name}`, 'float', dims)),
  };
}

/** The optimizer's state before the first step. */
export const initialOptimizerState = (training: Training): Tensor[] =>
  training.optimizer.init(stateInputs(training).parameters).map((value) => value.tensor);

export const everyState = <T>(state: StateOf<T>): T[] => stateGroups.flatMap((group) => state[group]);

interface Learning extends Learner {
  readonly training: Training;
  /** Steps done since the beginning of the training. */
  readonly step: Value;
}

interface Stepped {
  readonly loss: Value;
  readonly state: StateOf<Value>;
}

/** What gradients make of the state. */
function stepped(learning: Learning, gradients: Directions, statistics: readonly Value[]): StateOf<Value> {
  const { training, state, step } = learning;
  const { optimizer, network, averageDecay: decay = 0 } = training;
  const { updates, state: next } = optimizer.update(gradients, state.optimizer, state.parameters);
  const factors = network.parameters.map(({ learningRateFactor = 1 }) => learningRateFactor);
  const values = updates.values.map((value, index) => {
    const factor = factors[index] ?? 1;
    return factor === 1 ? value : multiply(value, number(factor));
  });
  const parameters = descend(state.parameters, { ...updates, values });
  const averages = movingAverages(state.averages, parameters, { decay, step });
  return { parameters, statistics, optimizer: next, averages };
}

function stepOf(learning: Learning, batch: Batch): Stepped {
  const { loss, directions, statistics } = gradientsOf(learning, batch, 'mean');
  return { loss, state: stepped(learning, { values: directions }, statistics) };
}

const nextStates = (state: StateOf<InputValue>, next: StateOf<Value>): GraphOutput[] => {
  const values = everyState(next);
  return everyState(state).flatMap((before, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ name: nextName(before.name), value }];
  });
};

/** Steps done when this batch begins one. */
const stepsBefore = (batch: Value, training: Training): Value =>
  operation('Div', [batch, int64(accumulationOf(training))]);

const int64 = (value: number): Value => constant(tensor('int64', [], [value]));

/** What is fed beside the rows and the state: `[batches, …]`, a batch being a part of a step where gradients accumulate. */
interface Fed {
  readonly indices: InputValue;
  readonly weights: InputValue;
  readonly drawn: Readonly<Record<string, InputValue>>;
  /** Of the first batch, counted from the beginning of the training. */
  readonly firstBatch: InputValue;
}

function fedOf(training: Training): Fed {
  const { batchSize, augmentation = unchanged } = training;
  const drawn = Object.entries(augmentation.draws(batchSize)).map(
    ([name, { elementType, dims }]) => [name, input(name, elementType, ['batches', ...dims])] as const,
  );
  return {
    indices: input('indices', 'int32', ['batches', batchSize]),
    weights: input('weights', 'float', ['batches', batchSize]),
    drawn: Object.fromEntries(drawn),
    firstBatch: input('first_batch', 'int64', []),
  };
}

/** The batch of a number, counted from the first one that was fed. */
function batchAt(training: Training, fed: Fed, place: Value): { batch: Batch; batchNumber: Value } {
  const { picker, augmentation = unchanged, seed } = training;
  const batchNumber = add(fed.firstBatch, place);
  const examples = picker.pick(takeRows(fed.indices, place));
  const drawn = Object.entries(fed.drawn).map(([name, value]) => [name, takeRows(value, place)] as const);
  const changed = augmentation.apply(examples, {
    drawn: Object.fromEntries(drawn),
    random: randomSource(seed, batchNumber, 'augmentation'),
  });
  return { batch: { ...changed, weights: takeRows(fed.weights, place) }, batchNumber };
}

/** The gradients of several batches, added up by a loop within the step, so that memory holds one batch at a time. */
function accumulatedStep(training: Training, fed: Fed, state: StateOf<InputValue>, step: Value): Stepped {
  const count = accumulationOf(training);
  const first = multiply(step, int64(count));
  const zeros = zerosLike(state.parameters);
  const carried = [...state.statistics, ...zeros, number(0), number(0)];
  const loop = operation('Loop', [int64(count), undefined, ...carried], {
    body: attribute.graph(accumulationBody({ training, fed, state, first })),
  });
  const results = carried.map((_, index) => output(loop, index));
  const [loss, weight] = results.slice(-2);
  const statistics = results.slice(0, state.statistics.length);
  const sums = results.slice(statistics.length, -2);
  const share = divide(number(1), weight ?? number(1));
  const done = stepsBefore(add(fed.firstBatch, first), training);
  const learning = { training, state, batchNumber: first, step: done };
  return {
    loss: multiply(loss ?? number(0), share),
    state: stepped(learning, { values: sums, factor: share }, statistics),
  };
}

interface Accumulation {
  readonly training: Training;
  readonly fed: Fed;
  readonly state: StateOf<InputValue>;
  /** The number of the step's first batch. */
  readonly first: Value;
}

function accumulationBody({ training, fed, state, first }: Accumulation): Graph {
  const iteration = input('part', 'int64', []);
  const condition = input('more_parts', 'bool', []);
  const carriedLike = (name: string, like: Value) =>
    input(name, 'float', staticShape(shapeOf(like)) ?? undefined);
  const statistics = state.statistics.map((value) => carriedLike(`${value.name}.part`, value));
  const sums = state.parameters.map((value) => carriedLike(`${value.name}.gradient`, value));
  const [loss, weight] = [input('loss_sum', 'float', []), input('weight_sum', 'float', [])];
  const { batch, batchNumber } = batchAt(training, fed, add(first, iteration));
  const part = gradientsOf({ training, state: { ...state, statistics }, batchNumber }, batch, 'sum');
  const added = [
    ...sums.map((sum, index) => add(sum, part.directions[index] ?? sum)),
    add(loss, part.loss),
    add(weight, part.weight),
  ];
  const next = [...part.statistics, ...added];
  const inputs = [...statistics, ...sums, loss, weight];
  return {
    name: 'accumulate',
    inputs: [iteration, condition, ...inputs],
    outputs: [
      { name: 'again_part', value: condition },
      ...next.map((value, index) => ({ name: nextName(inputs[index]?.name ?? ''), value })),
    ],
  };
}

/** One step as a model: `features`, `targets`, `weights`, `first_batch` and the state go in, `loss` and the next state come out. */
export function singleStepModel(training: Training): Model {
  const { batchSize, picker } = training;
  const state = stateInputs(training);
  const batchOf = (name: string, { elementType, dims }: BatchPicker['features']) =>
    input(name, elementType, [batchSize, ...dims]);
  const batch = {
    features: batchOf('features', picker.features),
    targets: batchOf('targets', picker.targets),
    weights: input('weights', 'float', [batchSize]),
  };
  const batchNumber = input('first_batch', 'int64', []);
  const step = stepsBefore(batchNumber, training);
  const { loss, state: next } = stepOf({ training, state, batchNumber, step }, batch);
  return model({
    graph: {
      name: 'training_step',
      inputs: [...Object.values(batch), batchNumber, ...everyState(state)],
      outputs: [{ name: 'loss', value: loss }, ...nextStates(state, next)],
    },
  });
}

/**
 * Any number of steps as one `Loop`, whose states are all that a step changes, so that it stays inside the runtime.
 * Inputs: those of the picker, `indices` int32 `[batches, batch]` of the examples of each batch, `weights`
 * `[batches, batch]`, what augmentation draws, `first_batch`, `steps` and the state. Outputs: `losses` `[steps]` and
 * `learning_rates` `[steps]` and the next state.
 */
export function trainingLoopModel(training: Training): Model {
  const fed = fedOf(training);
  const steps = input('steps', 'int64', []);
  const initial = stateInputs(training);
  const loop = operation('Loop', [steps, undefined, ...everyState(initial)], {
    body: attribute.graph(loopBody(training, fed)),
  });
  const outputs = everyState(initial).map((_, index) => output(loop, index));
  const { indices, weights, drawn, firstBatch } = fed;
  return model({
    graph: {
      name: 'training_loop',
      inputs: [
        ...training.picker.inputs,
        indices,
        weights,
        ...Object.values(drawn),
        firstBatch,
        steps,
        ...everyState(initial),
      ],
      outputs: [
        { name: 'losses', value: output(loop, outputs.length) },
        { name: 'learning_rates', value: output(loop, outputs.length + 1) },
        ...nextStates(initial, regrouped(initial, outputs)),
      ],
    },
  });
}

function loopBody(training: Training, fed: Fed): Graph {
  const iteration = input('iteration', 'int64', []);
  const condition = input('condition', 'bool', []);
  const state = stateInputs(training);
  const { loss, state: next } = wholeStep(training, fed, state, iteration);
  const done = stepsBefore(fed.firstBatch, training);
  return {
    name: 'step',
    inputs: [iteration, condition, ...everyState(state)],
    outputs: [
      { name: 'again', value: condition },
      ...nextStates(state, next),
      { name: 'loss', value: loss },
      { name: 'learning_rate', value: castTo(training.schedule(add(done, iteration)), 'float') },
    ],
  };
}

function wholeStep(training: Training, fed: Fed, state: StateOf<InputValue>, step: Value): Stepped {
  if (accumulationOf(training) > 1) return accumulatedStep(training, fed, state, step);
  const { batch, batchNumber } = batchAt(training, fed, step);
  return stepOf({ training, state, batchNumber, step: batchNumber }, batch);
}
