import { floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, constant, int64s, operation, scalar } from '../../../shared/onnx/build';
import { add, matMul, multiply, scalarLike, transpose } from '../../../shared/onnx/expressions';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import type { Decomposition, Decompositions } from './decomposition';

const times = (number: number, x: Value): Value => (number === 1 ? x : multiply(x, scalarLike(number, x)));

const gelu = (x: Value, approximate: 'none' | 'tanh'): Value =>
  operation('Gelu', [x], { approximate: attribute.string(approximate) });

const biased = (x: Value, bias: Value | undefined): Value => (bias === undefined ? x : add(x, bias));

/** The operand of a fused product as MatMul takes it; `transBatch` moves the first axis before the columns. */
function operand(value: Value, transposed: boolean, transBatch: boolean): Value {
  const rank = rankOf(value) ?? 2;
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const batched = transBatch ? [...axes.slice(1, -1), 0, ...axes.slice(-1)] : axes;
  const order = transposed && rank > 1 ? [...batched.slice(0, -2), ...batched.slice(-2).reverse()] : batched;
  return order.every((axis, at) => axis === at) ? value : transpose(value, order);
}

const fusedMatMul: Decomposition = ([a, b], { attributes }) => {
  if (a === undefined || b === undefined) return [];
  const flag = (name: string) => intAttribute(attributes, name, 0) !== 0;
  const left = operand(a, flag('transA'), flag('transBatchA'));
  const right = operand(b, flag('transB'), flag('transBatchB'));
  return [times(floatAttribute(attributes, 'alpha', 1), matMul(left, right))];
};

const epsilonOf = (attributes: Attributes, missing: number): Attributes => ({
  epsilon: attribute.float(floatAttribute(attributes, 'epsilon', missing)),
});

/** The sum of a stream, its skip and their bias, normalised; the sum is given out too. */
const skipLayerNormalization: Decomposition = ([x, skip, scale, shift, bias], { attributes }) => {
  if (x === undefined || skip === undefined) return [];
  const sum = biased(add(x, skip), bias);
  const normalised = operation('LayerNormalization', [sum, scale, shift], epsilonOf(attributes, 1e-12));
  return [normalised, undefined, undefined, sum];
};

const skipSimplified: Decomposition = ([x, skip, scale, bias], { attributes }) => {
  if (x === undefined || skip === undefined) return [];
  const sum = biased(add(x, skip), bias);
  return [
    operation('RMSNormalization', [sum, scale], epsilonOf(attributes, 1e-12)),
    undefined,
    undefined,
    sum,
  ];
};

/** Sum of word, position and segment vectors, normalised. */
const embedding: Decomposition = (
  [ids, segments, words, positions, segmentTable, scale, shift, , places],
  node,
) => {
  if (!ids || !words || !positions) return [];
  const rows = (table: Value, indices: Value) => operation('Gather', [table, indices]);
  const place = places ?? countedPositions(ids);
  const sum = add(rows(words, ids), rows(positions, place));
  const whole = segments && segmentTable ? add(sum, rows(segmentTable, segments)) : sum;
  const normalised = operation(
    'LayerNormalization',
    [whole, scale, shift],
    epsilonOf(node.attributes, 1e-12),
  );
  return [normalised, undefined, whole];
};

/** 0, 1, 2, ... along each row of [batch, length]. */
function countedPositions(ids: Value): Value {
  const ones = operation('ConstantOfShape', [operation('Shape', [ids])], {
    value: attribute.tensor(int64s([1])),
  });
  return operation('CumSum', [ones, constant(scalar(1, 'int64'))], { exclusive: attribute.int(1) });
}

/** Fused operators that exporters emit for ONNX Runtime. */
export const fusedDecompositions: Decompositions = {
  FusedMatMul: fusedMatMul,
  Gelu: ([x]) => [x && gelu(x, 'none')],
  FastGelu: ([x, bias]) => [x && gelu(biased(x, bias), 'tanh')],
  BiasGelu: ([x, bias]) => [x && gelu(biased(x, bias), 'none')],
  QuickGelu: ([x], { attributes }) => [
    x && multiply(x, operation('Sigmoid', [times(floatAttribute(attributes, 'alpha', 1.702), x)])),
  ],
  SkipLayerNormalization: skipLayerNormalization,
  SkipSimplifiedLayerNormalization: skipSimplified,
  EmbedLayerNormalization: embedding,
};
