import { BadSpecError } from '../../../shared/errors/job-errors';
import { attribute, input, operation } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import { ints, matMul } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { inputsOf, postOrder } from '../../../shared/onnx/post-order';
import { shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { nearestNames } from '../../datasets/nearest-names';
import { rowsAxis } from '../../training/finetune/refine-rows';
import type { ForwardPass, Network, ParameterSpec } from '../../training/network';
import type { RowType } from '../../training/row-type';

/** A tensor of the student that is to be as one of the teacher's. */
export interface WantedMatch {
  /** Of the layer or the parameter whose node gives it. */
  readonly student: string;
  /** Of a row of the teacher's. */
  readonly dims: readonly number[];
}

export interface Match {
  /** How many numbers of a row are compared. */
  readonly length: number;
  /** Of what the teacher's tensor is for some rows, that which is compared: `[rows, length]`. */
  readonly taught: (values: Float32Array) => Float32Array;
}

/** Which axis of a row has the channels: images have them first, sequences last. */
const channelAxis = (dims: readonly number[]): number => (dims.length === 2 ? 1 : 0);
const channelsOf = (dims: readonly number[]): number => dims[channelAxis(dims)] ?? 1;
const placesOf = (dims: readonly number[]): readonly number[] =>
  dims.filter((_, axis) => axis !== channelAxis(dims));

/** The mean of each channel over all places. */
function pooled(value: Value, dims: readonly number[]): Value {
  const axes = dims.map((_, axis) => axis).filter((axis) => axis !== channelAxis(dims));
  if (axes.length === 0) return value;
  return operation('ReduceMean', [value, ints(axes.map((axis) => axis + 1))], { keepdims: attribute.int(0) });
}

function pooledRows(values: Float32Array, dims: readonly number[]): Float32Array {
  const channels = channelsOf(dims);
  const places = elementCount(placesOf(dims));
  const isFirst = channelAxis(dims) === 0;
  const means = new Float32Array(values.length / places);
  for (const [at, value] of values.entries()) {
    const row = Math.floor(at / (channels * places));
    const inRow = at - row * channels * places;
    const channel = isFirst ? Math.floor(inRow / places) : inRow % channels;
    const place = row * channels + channel;
    means[place] = (means[place] ?? 0) + value / places;
  }
  return means;
}

/** A linear map of the channels, the same at every place; its weight is `[given, wanted]`, or a kernel of 1 by 1. */
const mapDims = (given: number, wanted: number, places: number): readonly number[] =>
  places === 2 ? [wanted, given, 1, 1] : [given, wanted];

const mapped = (value: Value, weight: Value, places: number): Value =>
  places === 2 ? operation('Conv', [value, weight]) : matMul(value, weight);

/** How a tensor of a student is held against one of the teacher's. */
interface Plan extends Match {
  readonly parameter?: ParameterSpec;
  readonly read: (tensor: Value, pass: Pick<ForwardPass, 'parameter'>) => Value;
}

function planOf(own: readonly number[], { dims }: WantedMatch, index: number): Plan {
  const isPooled = placesOf(own).join() !== placesOf(dims).join() || own.length !== dims.length;
  const places = isPooled ? 0 : placesOf(dims).length;
  const [given, wanted] = [channelsOf(own), channelsOf(dims)];
  const name = `matched_${index}.weight`;
  const parameter: ParameterSpec = {
    name,
    dims: mapDims(given, wanted, places),
    initialiser: 'glorot',
    fan: [given, wanted],
  };
  return {
    length: isPooled ? wanted : elementCount(dims),
    taught: (values) => (isPooled ? pooledRows(values, dims) : values),
    ...(given === wanted ? {} : { parameter }),
    read(tensor, pass) {
      const value = isPooled ? pooled(tensor, own) : tensor;
      const alike = given === wanted ? value : mapped(value, pass.parameter(name), places);
      return operation('Flatten', [alike], { axis: attribute.int(1) });
    },
  };
}

interface Traced {
  readonly outputs: Value;
  /** What the node gives that reads the first parameter of a layer. */
  readonly tensorOf: (layer: string) => Value | undefined;
}

/** The outputs of a network with the tensors of its inside by name. */
function traced(network: Network, features: Value, pass: ForwardPass): Traced {
  const read = new Map<string, Value>();
  const parameter = (name: string): Value => {
    const value = pass.parameter(name);
    read.set(name, value);
    return value;
  };
  const outputs = network.apply(features, { ...pass, parameter });
  const order = postOrder([outputs], inputsOf);
  return {
    outputs,
    tensorOf(layer) {
      const own = network.parameters.find(({ name }) => name === layer || name.startsWith(`${layer}.`));
      const weight = own && read.get(own.name);
      return order.find((value) => weight !== undefined && inputsOf(value).includes(weight));
    },
  };
}

/** A layer by any beginning of its parameters' names: `block_0.conv_0.weight` is of `block_0.conv_0`, too. */
function unknownLayer(name: string, index: number, { parameters }: Network): BadSpecError {
  const layers = parameters.map((spec) => spec.name.replace(/\.[^.]*$/, ''));
  const near = nearestNames(name, [...new Set(layers)]).map((each) => `'${each}'`);
  const detail = `the student has no layer or parameter '${name}'; the nearest are: ${near.join(', ')}`;
  return new BadSpecError(`features: ${detail}`, [{ pointer: `/features/${index}/student`, detail }]);
}

/** Sizes of the student's tensors, found by a pass over inputs that stand for everything. */
function ownDims(
  network: Network,
  row: RowType,
  wanted: readonly WantedMatch[],
): readonly (readonly number[])[] {
  const specs = [...network.parameters, ...network.statistics];
  const stand = new Map(specs.map(({ name, dims }) => [name, input(name, 'float', dims)]));
  const given = (name: string): Value => stand.get(name) ?? input(name, 'float');
  const features = input('features', row.elementType, [rowsAxis, ...row.dims]);
  const pass = { training: false, parameter: given, statistic: given, update: () => undefined };
  const { tensorOf } = traced(network, features, pass);
  return wanted.map(({ student }, index) => {
    const tensor = tensorOf(student);
    const dims = tensor && staticShape(shapeOf(tensor)?.slice(1));
    if (dims === undefined || dims.length === 0) throw unknownLayer(student, index, network);
    return dims;
  });
}

/**
 * A network that gives, beside its outputs, tensors of its inside as the teacher has them: `[batch, numbers]`, the outputs
 * first. Where they have other sizes, by a linear map that is learned with it (FitNets, Romero et al., 2015), and by their
 * mean over places where those differ. Its parameters begin with those of the network.
 */
export function matchTensors(
  network: Network,
  row: RowType,
  wanted: readonly WantedMatch[],
): { readonly network: Network; readonly matches: readonly Match[] } {
  if (wanted.length === 0) return { network, matches: [] };
  const dims = ownDims(network, row, wanted);
  const plans = wanted.map((match, index) => planOf(dims[index] ?? [], match, index));
  const beside: Network = {
    parameters: [...network.parameters, ...plans.flatMap(({ parameter }) => parameter ?? [])],
    statistics: network.statistics,
    apply(features, pass) {
      const { outputs, tensorOf } = traced(network, features, pass);
      const tensors = wanted.flatMap(({ student }, index) => {
        const [tensor, plan] = [tensorOf(student), plans[index]];
        return tensor === undefined || plan === undefined ? [] : [plan.read(tensor, pass)];
      });
      return operation('Concat', [outputs, ...tensors], { axis: attribute.int(1) });
    },
  };
  return { network: beside, matches: plans };
}
