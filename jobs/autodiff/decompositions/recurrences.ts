import { attributeOf, floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, operation, output } from '../../../shared/onnx/build';
import {
  add,
  filledLike,
  ints,
  multiply,
  scalarLike,
  subtract,
  transpose,
  unsqueeze,
} from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import type { Decomposition, Decompositions } from './decomposition';

/** A layer's weights for one direction: [gates * hidden, inputs], [gates * hidden, hidden], and biases [gates * hidden]. */
interface Weights {
  readonly input: Value;
  readonly recurrent: Value;
  readonly inputBias: Value | undefined;
  readonly recurrentBias: Value | undefined;
}

interface Step {
  /** What the input gives to each gate, [batch, gates * hidden], with its bias. */
  readonly projected: Value;
  readonly state: readonly Value[];
  readonly weights: Weights;
  readonly activations: readonly string[];
}

interface Cell {
  readonly gates: number;
  readonly states: number;
  readonly activations: readonly string[];
  /** The next state; what the layer gives out comes first. */
  readonly next: (step: Step, node: OperationValue) => readonly Value[];
}

const gemm = (a: Value, b: Value, c?: Value): Value =>
  operation('Gemm', [a, b, c], { transB: attribute.int(1) });

const split = (value: Value, parts: number, axis: number): readonly Value[] => {
  const options = { axis: attribute.int(axis), num_outputs: attribute.int(parts) };
  if (parts === 1) return [value];
  const node = operation('Split', [value], options, { outputs: parts });
  return Array.from({ length: parts }, (_, index) => output(node, index));
};

const allowed = new Set(['Sigmoid', 'Tanh', 'Relu', 'Softsign', 'Softplus', 'Elu', 'HardSigmoid']);

const activate = (name: string | undefined, x: Value): Value => operation(name ?? 'Tanh', [x]);

const only = (values: readonly Value[], index: number): Value => {
  const value = values[index];
  if (value === undefined) throw new RangeError(`a gate ${index} of ${values.length}`);
  return value;
};

const lstmCell: Cell = {
  gates: 4,
  states: 2,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  next: ({ projected, state, weights, activations: [gate, candidate, squash] }) => {
    const [hidden, memory] = [only(state, 0), only(state, 1)];
    const sums = add(projected, gemm(hidden, weights.recurrent, weights.recurrentBias));
    const parts = split(sums, 4, 1);
    const [open, out, keep] = [0, 1, 2].map((index) => activate(gate, only(parts, index)));
    const fresh = activate(candidate, only(parts, 3));
    if (open === undefined || out === undefined || keep === undefined) return [];
    const next = add(multiply(keep, memory), multiply(open, fresh));
    return [multiply(out, activate(squash, next)), next];
  },
};

/** Update, reset and candidate gates; the reset is applied before or after the recurrent product. */
const gruCell: Cell = {
  gates: 3,
  states: 1,
  activations: ['Sigmoid', 'Tanh'],
  next: ({ projected, state, weights, activations: [gate, candidate] }, node) => {
    const hidden = only(state, 0);
    const after = intAttribute(node.attributes, 'linear_before_reset', 0) !== 0;
    const given = split(projected, 3, 1);
    const matrices = split(weights.recurrent, 3, 0);
    const biases = weights.recurrentBias === undefined ? [] : split(weights.recurrentBias, 3, 0);
    const recurrent = (index: number, from: Value) => gemm(from, only(matrices, index), biases[index]);
    const update = activate(gate, add(only(given, 0), recurrent(0, hidden)));
    const reset = activate(gate, add(only(given, 1), recurrent(1, hidden)));
    const recalled = after ? multiply(reset, recurrent(2, hidden)) : recurrent(2, multiply(reset, hidden));
    const fresh = activate(candidate, add(only(given, 2), recalled));
    const left = subtract(scalarLike(1, update), update);
    return [add(multiply(left, fresh), multiply(update, hidden))];
  },
};

const rnnCell: Cell = {
  gates: 1,
  states: 1,
  activations: ['Tanh'],
  next: ({ projected, state, weights, activations: [squash] }) => [
    activate(squash, add(projected, gemm(only(state, 0), weights.recurrent, weights.recurrentBias))),
  ],
};

/** What one direction's weights are, out of those of all directions. */
function weightsOf(node: OperationValue, direction: number, directions: number): Weights {
  const [, input, recurrent, biases] = node.inputs;
  const own = (value: Value, axis: number) => {
    const part = only(split(value, directions, axis), direction);
    return operation('Squeeze', [part, ints([axis])]);
  };
  if (input === undefined || recurrent === undefined) throw unsupported(node, 'give it its weights');
  const [inputBias, recurrentBias] = biases === undefined ? [] : split(own(biases, 0), 2, 0);
  return { input: own(input, 0), recurrent: own(recurrent, 0), inputBias, recurrentBias };
}

function activationsOf(node: OperationValue, cell: Cell, direction: number): readonly string[] {
  const count = cell.activations.length;
  const given = attributeOf
    .strings(node.attributes, 'activations')
    ?.slice(direction * count, (direction + 1) * count);
  const names = given ?? cell.activations;
  if (!names.every((name) => allowed.has(name)))
    throw unsupported(node, `use activations of ${[...allowed].join(', ')}`);
  return names;
}

interface Run {
  readonly outputs: readonly Value[];
  readonly last: readonly Value[];
}

/** One direction over the sequence `x` [length, batch, inputs]; outputs are in the order of time. */
function runDirection(cell: Cell, node: OperationValue, x: Value, direction: number): Run {
  const directions = attributeOf.string(node.attributes, 'direction') === 'bidirectional' ? 2 : 1;
  const backward = direction === 1 || attributeOf.string(node.attributes, 'direction') === 'reverse';
  const length = shapeOf(x)?.[0];
  if (typeof length !== 'number')
    throw unsupported(node, 'give a sequence whose length is known before the run');
  const weights = weightsOf(node, direction, directions);
  const activations = activationsOf(node, cell, direction);
  const flat = operation('Reshape', [x, ints([-1, Number(shapeOf(x)?.[2] ?? 0)])]);
  const gates = gemm(flat, weights.input, weights.inputBias);
  const timed = operation('Reshape', [
    gates,
    operation('Concat', [ints([length, -1]), operation('Shape', [gates], { start: attribute.int(1) })], {
      axis: attribute.int(0),
    }),
  ]);
  const steps = split(timed, length, 0).map((step) => operation('Squeeze', [step, ints([0])]));
  const inTime = backward ? steps.toReversed() : steps;
  let state = initialState(cell, node, { direction, directions, like: only(steps, 0) });
  const outputs: Value[] = [];
  for (const projected of inTime) {
    state = cell.next({ projected, state, weights, activations }, node);
    outputs.push(only(state, 0));
  }
  return { outputs: backward ? outputs.toReversed() : outputs, last: state };
}

interface Initial {
  readonly direction: number;
  readonly directions: number;
  readonly like: Value;
}

/** The states given, in the layout of one step; zeros where none are. */
function initialState(
  cell: Cell,
  node: OperationValue,
  { direction, directions, like }: Initial,
): readonly Value[] {
  return Array.from({ length: cell.states }, (_, index) => {
    const given = node.inputs[5 + index];
    if (given === undefined) return filledLike(0, only(split(like, cell.gates, 1), 0));
    const axis = intAttribute(node.attributes, 'layout', 0) === 0 ? 0 : 1;
    return operation('Squeeze', [only(split(given, directions, axis), direction), ints([axis])]);
  });
}

function checkForm(node: OperationValue): void {
  const special = node.inputs[4] !== undefined || (node.op === 'LSTM' && node.inputs[7] !== undefined);
  const clipped =
    floatAttribute(node.attributes, 'clip', 0) !== 0 ||
    intAttribute(node.attributes, 'input_forget', 0) !== 0;
  if (special || clipped)
    throw unsupported(node, 'leave out sequence lengths, peepholes, clip and input_forget');
}

const stack = (values: readonly Value[], axis: number): Value =>
  operation(
    'Concat',
    values.map((value) => unsqueeze(value, [axis])),
    { axis: attribute.int(axis) },
  );

/** A recurrent layer written out step by step: its sequence must have a length that is known before the run. */
const unrolled =
  (cell: Cell): Decomposition =>
  ([given], node) => {
    if (given === undefined) return [];
    checkForm(node);
    const batchFirst = intAttribute(node.attributes, 'layout', 0) !== 0;
    const x = batchFirst ? transpose(given, [1, 0, 2]) : given;
    const directions = attributeOf.string(node.attributes, 'direction') === 'bidirectional' ? [0, 1] : [0];
    const runs = directions.map((direction) => runDirection(cell, node, x, direction));
    const whole = stack(
      runs.map((run) => stack(run.outputs, 0)),
      1,
    );
    const last = Array.from({ length: cell.states }, (_, index) =>
      stack(
        runs.map((run) => only(run.last, index)),
        0,
      ),
    );
    if (!batchFirst) return [whole, ...last];
    return [transpose(whole, [2, 0, 1, 3]), ...last.map((state) => transpose(state, [1, 0, 2]))];
  };

/** Layers that carry a state along a sequence. */
export const recurrenceDecompositions: Decompositions = {
  LSTM: unrolled(lstmCell),
  GRU: unrolled(gruCell),
  RNN: unrolled(rnnCell),
};
