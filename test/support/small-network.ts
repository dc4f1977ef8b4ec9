import { rowPicker } from '../../jobs/training/batch-picker';
import { bindInputs, checkRows } from '../../jobs/training/finetune/bind-inputs';
import { type NewNetwork, newNetwork } from '../../jobs/training/finetune/new-network';
import { readBaseModel } from '../../jobs/training/finetune/read-base-model';
import { initialWeights } from '../../jobs/training/initial-weights';
import { batchFeeds, nextState, stateFeeds, stateNames } from '../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../jobs/training/losses/cross-entropy';
import { optimizerOf } from '../../jobs/training/optimizers/optimizer-of';
import { scheduleOf } from '../../jobs/training/schedules';
import { initialOptimizerState, type Training, trainingLoopModel } from '../../jobs/training/training-step';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import { finetuneSpec } from '../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../shared/contracts/training/optimizer-spec';
import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  scalar,
  tensor,
} from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Dimension, ElementType, InputValue, Model, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { elementTypeOf, shapeOf } from '../../shared/onnx/shapes';
import { writeModel } from '../../shared/onnx/write-model';
import { randomNumbers } from './check-gradient';
import { runGraph } from './run-graph';

export interface SmallNetworkOptions {
  /** A fixed number of rows is what many exporters write. */
  readonly batch?: Dimension;
  readonly normalised?: boolean;
  /** In which the weights are stored. */
  readonly elementType?: ElementType;
}

/**
 * A network over images of 4 by 4 pixels in the form of an exporter's: a scaled input, a convolution whose bias is an Add, a
 * Reshape to fixed sizes, a hidden layer beside which its input goes on, and probabilities of three classes.
 */
export function smallNetwork(options: SmallNetworkOptions = {}): Model {
  const { batch = 1, normalised = false, elementType = 'float' } = options;
  const next = randomNumbers(11);
  const weight = (name: string, ...dims: number[]) =>
    constant(
      tensor(
        elementType,
        dims,
        Array.from({ length: elementCount(dims) }, () => next() - 0.5),
      ),
      name,
    );
  const filled = (name: string, value: number) => constant(tensor(elementType, [2], [value, value]), name);
  const image = input('image', elementType, [batch, 1, 4, 4]);
  const scaled = operation('Div', [image, constant(tensor(elementType, [], [2]), 'deviation')]);
  const convolved = operation('Conv', [scaled, weight('conv.weight', 2, 1, 3, 3)], {
    pads: attribute.ints([1, 1, 1, 1]),
  });
  const shifted = operation('Add', [convolved, weight('conv.shift', 2, 1, 1)]);
  const norm = [
    filled('norm.scale', 1),
    filled('norm.shift', 0.1),
    filled('norm.mean', 0.2),
    filled('norm.var', 2),
  ];
  const mapped = normalised ? operation('BatchNormalization', [shifted, ...norm]) : shifted;
  const pooled = operation('MaxPool', [operation('Relu', [mapped])], {
    kernel_shape: attribute.ints([2, 2]),
    strides: attribute.ints([2, 2]),
  });
  const flat = operation('Reshape', [pooled, constant(int64s([batch === 1 ? 1 : -1, 8]), 'flat_shape')]);
  const hidden = operation('Tanh', [
    operation('Gemm', [flat, weight('hidden.weight', 8, 8), weight('hidden.bias', 8)]),
  ]);
  const joined = operation('Add', [hidden, flat]);
  const scores = operation('Add', [
    operation('MatMul', [joined, weight('output.weight', 8, 3)]),
    weight('output.bias', 3),
  ]);
  const probabilities = operation('Softmax', [scores], { axis: attribute.int(1) });
  return model({
    graph: { name: 'small', inputs: [image], outputs: [{ name: 'probabilities', value: probabilities }] },
  });
}

export interface Surgery {
  readonly output?: string;
  readonly spec?: object;
  readonly augmented?: boolean;
}

export interface Operated extends NewNetwork {
  readonly columns: readonly InputValue[];
}

/** A model with a new head of three outputs, over its own inputs with any number of rows. */
export function operatedOn(source: Model, { output, spec = {}, augmented = false }: Surgery = {}): Operated {
  const base = readBaseModel({ bytes: writeModel(source) }, output);
  const columns = base.graph.inputs.map((each) =>
    input(each.name, elementTypeOf(each) ?? 'float', ['batch', ...(shapeOf(each)?.slice(1) ?? [])]),
  );
  const bound = bindInputs(base.graph, new Map<string, Value>(columns.map((each) => [each.name, each])));
  const { value, name } = bound.outputs[0] ?? { name: '', value: constant(scalar(0)) };
  checkRows(value, name);
  const model = finetuneSpec.parse({ family: 'finetune', from: { name: 'small' }, ...spec });
  return { ...newNetwork({ model, value, columns, outputs: 3, augmented }), columns };
}

/** Images and classes: whether the left half is brighter than the right, and by how much. */
export function smallRows(rows: number): { features: Tensor; targets: Tensor } {
  const next = randomNumbers(5);
  const features = floats(
    [rows, 1, 4, 4],
    Float32Array.from({ length: rows * 16 }, () => 4 * next()),
  );
  const labels = BigInt64Array.from({ length: rows }, (_, row) => {
    const pixels = Array.from({ length: 16 }, (_, at) => Number(features.data[row * 16 + at]));
    const balance = pixels.reduce((sum, pixel, at) => sum + (at % 4 < 2 ? pixel : -pixel), 0);
    return balance > 3 ? 2n : balance < -3 ? 0n : 1n;
  });
  return { features, targets: tensor('int64', [rows], labels) };
}

/** The same rows as a data set has them: a list of 16 numbers, and a class by name. */
export function smallRecords(count: number) {
  const { features, targets } = smallRows(count);
  const pixels = Array.from(features.data, Number);
  return Array.from({ length: count }, (_, row) => ({
    pixels: pixels.slice(16 * row, 16 * row + 16),
    side: ['right', 'even', 'left'][Number(targets.data[row])] ?? '',
  }));
}

/** The weights that so many steps of SGD come to, over rows that went through the prefix once. */
export async function trainedBy(operated: Operated, rows: number, steps: number): Promise<readonly Tensor[]> {
  const { network, prefix, columns } = operated;
  const { features, targets } = smallRows(rows);
  const [column] = columns;
  if (column === undefined) throw new Error('the network has no column');
  const encoded = await runGraph(new Map([[column, features]]), { encoded: prefix.features });
  const schedule = scheduleOf(
    { name: 'constant', warmup_fraction: 0 },
    { learningRate: 0.05, totalSteps: steps },
  );
  const training: Training = {
    network,
    picker: rowPicker(prefix.row, softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(
      optimizerSpec.parse({ name: 'sgd', momentum: 0.9, learning_rate: 0.05 }),
      schedule,
    ),
    schedule,
    batchSize: 8,
    seed: 3,
  };
  const names = stateNames(training);
  const state = {
    ...initialWeights(network, 3),
    optimizer: initialOptimizerState(training),
    averages: [],
  };
  const chunk = { rows, features: encoded.encoded ?? features, targets };
  const session = await onnxModelRuntime().load(writeModel(trainingLoopModel(training)), { threads: 1 });
  try {
    const range = { from: 0, steps, stepsDone: 0 };
    const results = await session.run({ ...batchFeeds(chunk, training, range), ...stateFeeds(names, state) });
    const next = nextState(names, results);
    return [...next.parameters, ...next.statistics];
  } finally {
    await session.dispose();
  }
}
