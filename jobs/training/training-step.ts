import { attribute } from '../../shared/onnx/attributes';
import { constant, input, operation, output, tensor } from '../../shared/onnx/build';
import { add, castTo, divide, multiply, subtract } from '../../shared/onnx/expressions';
import type { Graph, GraphOutput, InputValue, Model, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { shapeOf, staticShape } from '../../shared/onnx/shapes';
import { differentiate } from '../autodiff/differentiate';
import { type Augmentation, type AugmentedExamples, unchanged } from './augmentation/augmentation';
import type { BatchPicker } from './batch-picker';
import { number, sumOf, takeRows } from './graph-math';
import type { Loss } from './losses/loss';
import { computeInHalf } from './mixed-precision/compute-in-half';
import { forward, type Network, type TrainingPass } from './network';
import { type Directions, descend, type GradientTransformation } from './optimizers/gradient-transformation';
import { zerosLike } from './optimizers/state';
import { randomSource } from './random';
import type { Schedule } from './schedules';
import { type StateOf, stateGroups } from './training-state';

/** Everything that makes a step: what is learned, from which examples, against what, and how. */
export interface Training {
  readonly network: Network;
  readonly picker: BatchPicker;
  readonly loss: Loss;
  readonly optimizer: GradientTransformation;
  /** What the optimizer goes by, to be told of. */
  readonly schedule: Schedule;
  readonly batchSize: number;
  /** Batches whose gradients make a step together; 1 where absent. */
  readonly accumulation?: number;
  /** Of the moving average of the parameters, where there is one. */
  readonly averageDecay?: number;
  readonly augmentation?: Augmentation;
  /** `mixed`: forwards and backwards partly in float16; the optimizer then scales the loss. */
  readonly precision?: 'float32' | 'mixed';
  /** Of everything that is drawn at random. */
  readonly seed: number;
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

/** One batch, and what was drawn for it. */
export interface Batch extends AugmentedExamples {
  /** `[batch]`: 1, or 0 for a row that only fills a last batch up. */
  readonly weights: Value;
}

interface Gradients {
  /** Mean, or of a sum that is still to be divided. */
  readonly loss: Value;
  readonly directions: readonly Value[];
  readonly statistics: readonly Value[];
  readonly weight: Value;
}

interface Learning {
  readonly training: Training;
  readonly state: StateOf<Value>;
  /** Of all batches since the beginning: random numbers are drawn by it. */
  readonly batchNumber: Value;
}

/** Loss of each row against one or, mixed, against two targets. */
function lossPerRow(loss: Loss, outputs: Value, { targets, mixed }: Batch): Value {
  const own = loss.perRow(outputs, targets);
  if (mixed === undefined) return own;
  const other = loss.perRow(outputs, mixed.targets);
  return add(multiply(own, mixed.fraction), multiply(other, subtract(number(1), mixed.fraction)));
}

/** The network's outputs and statistics, computed in the precision that is asked for. */
function passOf(
  { network, precision }: Training,
  batch: Batch,
  using: Parameters<typeof forward>[2],
): TrainingPass {
  const pass = forward(network, batch.features, using);
  if (precision !== 'mixed') return pass;
  const [outputs = pass.outputs, ...statistics] = computeInHalf(
    [pass.outputs, ...pass.statistics],
    batch.features,
  );
  return { outputs, statistics };
}

/** Model, loss and gradients of one batch as one expression; `reduction` says what the gradients are of. */
function gradientsOf(
  { training, state, batchNumber }: Learning,
  batch: Batch,
  reduction: 'mean' | 'sum',
): Gradients {
  const { loss, optimizer, seed } = training;
  const random = randomSource(seed, batchNumber);
  const pass = passOf(training, batch, { weights: state, random });
  const given = loss.rowWeights?.(batch.targets);
  const weights = given === undefined ? batch.weights : multiply(batch.weights, given);
  const weight = sumOf(weights);
  const sum = sumOf(multiply(lossPerRow(loss, pass.outputs, batch), weights));
  const reduced = reduction === 'mean' ? divide(sum, weight) : sum;
  const scale = optimizer.lossScale?.(state.optimizer);
  return {
    loss: reduced,
    directions: differentiate(scale === undefined ? reduced : multiply(reduced, scale), state.parameters),
    statistics: pass.statistics,
    weight,
  };
}

interface Stepped {
  readonly loss: Value;
  readonly state: StateOf<Value>;
}

function averagesOf({ training, state }: Learning, parameters: readonly Value[]): Value[] {
  const decay = training.averageDecay ?? 0;
  return state.averages.map((average, index) =>
    add(multiply(average, number(decay)), multiply(parameters[index] ?? average, number(1 - decay))),
  );
}

/** What gradients make of the state. */
function stepped(learning: Learning, gradients: Directions, statistics: readonly Value[]): StateOf<Value> {
  const { training, state } = learning;
  const { optimizer, network } = training;
  const { updates, state: next } = optimizer.update(gradients, state.optimizer, state.parameters);
  const factors = network.parameters.map(({ learningRateFactor = 1 }) => learningRateFactor);
  const values = updates.values.map((value, index) => {
    const factor = factors[index] ?? 1;
    return factor === 1 ? value : multiply(value, number(factor));
  });
  const parameters = descend(state.parameters, { ...updates, values });
  return { parameters, statistics, optimizer: next, averages: averagesOf(learning, parameters) };
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

/** Values in the groups and numbers of a state. */
function regrouped<T>(like: StateOf<unknown>, values: readonly T[]): StateOf<T> {
  let used = 0;
  const taken = (group: keyof StateOf<unknown>): T[] => {
    const from = used;
    used += like[group].length;
    return values.slice(from, used);
  };
  return {
    parameters: taken('parameters'),
    statistics: taken('statistics'),
    optimizer: taken('optimizer'),
    averages: taken('averages'),
  };
}

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
    random: randomSource(seed + 1, batchNumber),
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
  const learning = { training, state, batchNumber: first };
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
  const { loss, state: next } = stepOf({ training, state, batchNumber }, batch);
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
  const done = operation('Div', [fed.firstBatch, int64(accumulationOf(training))]);
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
  return stepOf({ training, state, batchNumber }, batch);
}
