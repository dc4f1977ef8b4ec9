import { attributeOf, intAttribute } from '../attributes';
import { fromFront, type Shape, tensorType } from '../shapes';
import { inputShape, many, named, type OperatorTable, operator, shaped, typeOf, type Use } from './operator';

const alike = (fewest: number, most = fewest) => shaped([fewest, most], (use) => inputShape(use, 0));

/** Opset 7 gave out five tensors, opset 14 three: running mean and variance follow the result. */
const batchNormalization = operator(
  5,
  [1, 5],
  (use) => [typeOf(use, 0), ...[3, 4, 3, 4].map((index) => typeOf(use, index))],
  { keepsOutputs: true },
);

/** Shape of the statistics over all axes from `axis` on. */
function statisticsShape(use: Use): Shape {
  const x = inputShape(use, 0);
  if (x === undefined) return undefined;
  const first = fromFront(intAttribute(use.attributes, 'axis', -1), x.length);
  return x.map((dimension, axis) => (axis < first ? dimension : 1));
}

const layerNormalization = operator([2, 3], [1, 3], (use) => {
  const kept = tensorType('float', statisticsShape(use));
  return [typeOf(use, 0), kept, kept];
});

function lossShape(use: Use): Shape {
  const reduction = attributeOf.string(use.attributes, 'reduction') ?? 'mean';
  return reduction === 'none' ? inputShape(use, 1) : [];
}

const softmaxCrossEntropy = operator([2, 3], [1, 2], (use) => {
  const { elementType, shape } = typeOf(use, 0);
  return [tensorType(elementType, lossShape(use)), tensorType(elementType, shape)];
});

/** Operators that bring values to a common scale, and the losses that go with them. */
export const normalization: OperatorTable = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  SimplifiedLayerNormalization: operator(2, [1, 2], layerNormalization.infer),
  RMSNormalization: alike(2),
  ...named('InstanceNormalization GroupNormalization', alike(3)),
  ...named('MeanVarianceNormalization LpNormalization LRN', alike(1)),
  ...named('Softmax LogSoftmax Hardmax', alike(1)),
  NegativeLogLikelihoodLoss: shaped([2, 3], lossShape),
  SoftmaxCrossEntropyLoss: softmaxCrossEntropy,
};

/** Tensors of a step `(r, t, x..., g..., state...)` with `states` kinds of state give their new selves (ai.onnx.preview.training). */
const optimizer = (states: number) =>
  operator([3, many], [1, many], (use) => {
    const count = Math.floor((use.inputs.length - 2) / (states + 2));
    const kept = [...Array(count).keys()].map((index) => 2 + index);
    const carried = [...Array(count * states).keys()].map((index) => 2 + 2 * count + index);
    return [...kept, ...carried].map((index) => typeOf(use, index));
  });

/** Optimizer steps as ONNX once defined them; ONNX Runtime does not run them. */
export const previewTraining: OperatorTable = {
  Adagrad: optimizer(1),
  Momentum: optimizer(1),
  Adam: optimizer(2),
};
