import { attributeOf, floatAttribute, intAttribute } from '../../../../shared/onnx/attributes';
import { constant, operation, output, scalar } from '../../../../shared/onnx/build';
import { castTo, multiply, transpose } from '../../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import type { LayerRecipe } from '../choose-layers';
import { encodingOf, type StoredForm, type StoredWeight, storedBytes } from '../store-weights';
import type { Weight, WeightedLayer } from '../weighted-layers';
import type { DynamicTools } from './dynamic-tools';

/** The weights of a product are stored as they are, and turned by a Transpose that is folded when the model is loaded. */
const isTransposed = ({ op, attributes }: OperationValue, { turned }: Weight): boolean =>
  turned !== (op === 'Gemm' && intAttribute(attributes, 'transB', 0) !== 0);

/**
 * MatMul, and Gemm as a MatMul and an Add. The kernel takes no zero points by column for a stack of matrices, whose scales by
 * column are symmetric therefore.
 */
export function matrixRecipe({ node, weights }: WeightedLayer, tools: DynamicTools): LayerRecipe | string {
  const [weight] = weights;
  const { dims } = weight.constant.tensor;
  if (weight.input === 0) return 'its weights are on the left, for which there is no integer kernel';
  if (dims.length < 2) return 'its weights are a vector';
  const transposed = isTransposed(node, weight);
  const form: StoredForm = {
    dims,
    ...(tools.perChannel ? { axis: transposed ? 0 : dims.length - 1 } : {}),
    symmetric: tools.symmetric || (tools.perChannel && dims.length > 2),
    bits: tools.bits,
    signed: true,
  };
  return {
    encodings: [encodingOf(form)],
    bytes: [storedBytes(form)],
    build: (rebuilt) => {
      const stored = tools.weightOf(weight.constant, form);
      const columns = dims[transposed ? 0 : dims.length - 1] ?? 1;
      const groups = tools.perChannel ? [columns] : [];
      const zeroPoints = form.symmetric ? undefined : stored.zeroPoints(groups);
      return addBias(product(rebuilt, { stored, transposed, groups, zeroPoints }, tools), rebuilt);
    },
  };
}

interface Operand {
  readonly stored: StoredWeight;
  readonly transposed: boolean;
  /** Shape of the scales. */
  readonly groups: readonly number[];
  readonly zeroPoints: Value | undefined;
}

function product(node: OperationValue, operand: Operand, tools: DynamicTools): Value {
  const [given] = node.inputs;
  if (given === undefined) return node;
  const isTurned = node.op === 'Gemm' && intAttribute(node.attributes, 'transA', 0) !== 0;
  const input = isTurned ? transpose(given) : given;
  const factor = node.op === 'Gemm' ? floatAttribute(node.attributes, 'alpha', 1) : 1;
  if (tools.divide === undefined) return integerProduct(input, operand, factor, tools);
  const { rows, reach } = tools.divide(input);
  return multiply(integerProduct(rows, operand, factor, tools), reach);
}

/** Scales are multiplied with each other first: in this form the runtime knows the whole as one kernel. */
function integerProduct(input: Value, operand: Operand, factor: number, tools: DynamicTools): Value {
  const { stored, transposed, groups, zeroPoints } = operand;
  const quantized = tools.quantize(input);
  const matrix = transposed ? transpose(stored.values) : stored.values;
  const whole = operation('MatMulInteger', [quantized, matrix, output(quantized, 2), zeroPoints]);
  return multiply(castTo(whole, 'float'), multiply(output(quantized, 1), stored.scales(groups, factor)));
}

/** Gemm's third input, times its beta. */
function addBias(product: Value, { op, inputs, attributes }: OperationValue): Value {
  const bias = op === 'Gemm' ? inputs[2] : undefined;
  if (bias === undefined) return product;
  const beta = attributeOf.float(attributes, 'beta') ?? 1;
  return operation('Add', [product, beta === 1 ? bias : multiply(bias, constant(scalar(beta)))]);
}
