import { InvalidModelError } from '../errors/graph-errors';
import { attribute, attributeOf, floatAttribute, intAttribute } from './attributes';
import { constant, floats, int64s, operation, tensor } from './build';
import type { Attributes, OperationValue, Value } from './ir';
import { elementTypeOf, rankOf, shapeOf } from './shapes';

/** How a node of an old version is said today. Undefined: just as it was. */
type Upgrade = (node: OperationValue) => OperationValue | undefined;

interface Step {
  /** The version of ai.onnx that changed the operator: older nodes are put through `upgrade`. */
  readonly changedIn: number;
  readonly upgrade: Upgrade;
}

const list = (values: readonly number[]): Value => constant(int64s(values));

function remade(
  node: OperationValue,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  op = node.op,
): OperationValue {
  return operation(op, inputs, attributes, { outputs: node.types.length, types: node.types });
}

const without = (attributes: Attributes, ...names: readonly string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

/** A list attribute that became input `index`. */
const listAsInput =
  (name: string, index: number): Upgrade =>
  (node) => {
    const values = attributeOf.ints(node.attributes, name);
    if (values === undefined) return undefined;
    const inputs = Array.from({ length: index }, (_, at) => node.inputs[at]);
    return remade(node, [...inputs, list(values)], without(node.attributes, name));
  };

const axesAsInput: Step = { changedIn: 18, upgrade: listAsInput('axes', 1) };

/** Softmax over all axes from `axis` on, as one: the same as today's where that is the last axis. */
const flattened: Upgrade = (node) => {
  const [x] = node.inputs;
  const rank = rankOf(x);
  const axis = intAttribute(node.attributes, 'axis', 1);
  if (x === undefined || rank === undefined)
    throw new InvalidModelError(`${node.op} before opset 13 over an unknown rank`);
  const last = attribute.int(-1);
  if (axis === rank - 1 || axis === -1) return remade(node, [x], { axis: last });
  const flat = operation('Flatten', [x], { axis: attribute.int(axis) });
  const whole = operation('Shape', [x]);
  return operation('Reshape', [operation(node.op, [flat], { axis: last }), whole]);
};

const bound = (node: OperationValue, name: string): Value | undefined => {
  const value = attributeOf.float(node.attributes, name);
  return value === undefined
    ? undefined
    : constant(tensor(elementTypeOf(node.inputs[0]) ?? 'float', [], [value]));
};

const clip: Upgrade = (node) => remade(node, [node.inputs[0], bound(node, 'min'), bound(node, 'max')], {});

const pad: Upgrade = (node) => {
  const pads =
    attributeOf.ints(node.attributes, 'pads') ?? attributeOf.ints(node.attributes, 'paddings') ?? [];
  return remade(
    node,
    [node.inputs[0], list(pads), bound(node, 'value')],
    without(node.attributes, 'pads', 'paddings', 'value'),
  );
};

const slice: Upgrade = (node) => {
  const given = (name: string) => attributeOf.ints(node.attributes, name);
  const axes = given('axes');
  const inputs = [node.inputs[0], list(given('starts') ?? []), list(given('ends') ?? []), axes && list(axes)];
  return remade(node, inputs, {});
};

const topK: Upgrade = (node) =>
  remade(
    node,
    [node.inputs[0], list([intAttribute(node.attributes, 'k', 1)])],
    without(node.attributes, 'k'),
  );

/** The parts' sizes are an input; without them, their number is said. */
const split: Upgrade = (node) => {
  const sizes = attributeOf.ints(node.attributes, 'split');
  if (sizes !== undefined)
    return remade(node, [node.inputs[0], list(sizes)], without(node.attributes, 'split'));
  if (node.inputs[1] !== undefined) return undefined;
  return remade(node, node.inputs, { ...node.attributes, num_outputs: attribute.int(node.types.length) });
};

/** Outside training nothing is dropped, whatever the ratio. */
const dropout: Upgrade = (node) => remade(node, [node.inputs[0]], {});

const batchNormalization: Upgrade = (node) => {
  if (intAttribute(node.attributes, 'spatial', 1) === 0) {
    throw new InvalidModelError('BatchNormalization with spatial = 0 is no longer defined');
  }
  const epsilon = attribute.float(floatAttribute(node.attributes, 'epsilon', 1e-5));
  return operation('BatchNormalization', node.inputs, { epsilon });
};

/** What Upsample, and Resize in version 10, did to coordinates. */
const oldResampling: Attributes = {
  coordinate_transformation_mode: attribute.string('asymmetric'),
  nearest_mode: attribute.string('floor'),
};

const upsample: Upgrade = (node) => {
  const [x, given] = node.inputs;
  const scales = attributeOf.floats(node.attributes, 'scales') ?? [];
  const factors = given ?? constant(floats([scales.length], scales));
  const mode = attribute.string(attributeOf.string(node.attributes, 'mode') ?? 'nearest');
  return operation('Resize', [x, undefined, factors], { ...oldResampling, mode });
};

const gridModes: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

const gridSample: Upgrade = (node) => {
  const mode = attributeOf.string(node.attributes, 'mode') ?? 'bilinear';
  return remade(node, node.inputs, { ...node.attributes, mode: attribute.string(gridModes[mode] ?? mode) });
};

const scatter: Upgrade = (node) => operation('ScatterElements', node.inputs, node.attributes);

const dft: Upgrade = (node) => {
  const axis = constant(tensor('int64', [], [intAttribute(node.attributes, 'axis', 1)]));
  return remade(node, [node.inputs[0], node.inputs[1], axis], without(node.attributes, 'axis'));
};

/** One scale and bias per group become one per channel. */
const groupNormalization: Upgrade = (node) => {
  const [x, ...parameters] = node.inputs;
  const groups = intAttribute(node.attributes, 'num_groups', 1);
  const channels = shapeOf(x)?.[1];
  if (typeof channels !== 'number') {
    throw new InvalidModelError('GroupNormalization before opset 21 over an unknown number of channels');
  }
  const repeated = parameters.map((each) => {
    const column = operation('Unsqueeze', [each, list([1])]);
    return operation('Reshape', [
      operation('Expand', [column, list([groups, channels / groups])]),
      list([-1]),
    ]);
  });
  return remade(node, [x, ...repeated], node.attributes);
};

const scan: Upgrade = () => {
  throw new InvalidModelError('Scan before opset 9 is not supported: export the model again');
};

const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

/** Operators of ai.onnx that a version between 7 and 21 said anew. */
export const upgrades: Readonly<Record<string, Step>> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, axesAsInput])),
  ReduceSum: { changedIn: 13, upgrade: listAsInput('axes', 1) },
  Squeeze: { changedIn: 13, upgrade: listAsInput('axes', 1) },
  Unsqueeze: { changedIn: 13, upgrade: listAsInput('axes', 1) },
  Softmax: { changedIn: 13, upgrade: flattened },
  LogSoftmax: { changedIn: 13, upgrade: flattened },
  Hardmax: { changedIn: 13, upgrade: flattened },
  Clip: { changedIn: 11, upgrade: clip },
  Pad: { changedIn: 11, upgrade: pad },
  Slice: { changedIn: 10, upgrade: slice },
  TopK: { changedIn: 10, upgrade: topK },
  Split: { changedIn: 18, upgrade: split },
  Dropout: { changedIn: 12, upgrade: dropout },
  BatchNormalization: { changedIn: 9, upgrade: batchNormalization },
  Upsample: { changedIn: 10, upgrade: upsample },
  Resize: { changedIn: 11, upgrade: upsample },
  GridSample: { changedIn: 20, upgrade: gridSample },
  Scatter: { changedIn: 11, upgrade: scatter },
  DFT: { changedIn: 20, upgrade: dft },
  GroupNormalization: { changedIn: 21, upgrade: groupNormalization },
  Scan: { changedIn: 9, upgrade: scan },
};
