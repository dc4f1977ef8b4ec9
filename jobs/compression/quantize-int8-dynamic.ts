import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { attributeOf } from '../../shared/onnx/attributes';
import {
  attribute,
  constant,
  floats,
  int64s,
  operation,
  output,
  scalar,
  tensor,
} from '../../shared/onnx/build';
import type { ConstantValue, Model, OperationValue, Value } from '../../shared/onnx/ir';
import { shapeOf, tensorType } from '../../shared/onnx/shapes';
import { rewrite } from '../../shared/onnx/walk';
import type { MatrixLayer } from './find-matrix-layers';
import type { Pass, Passed } from './pass';
import { decisionOf, type PlannedWeight, planInt8 } from './plan-int8';
import { quantizeColumns, transpose } from './quantize-columns';

/** The first opset with DynamicQuantizeLinear; MatMulInteger came with 10. */
const oldestOpset = 11;

/**
 * Weights of MatMul and Gemm as int8 with a scale per column; activations are quantized to uint8 as they come. The operator
 * for that takes the range of the whole batch, so each row is divided by its own reach first: one row of extreme values
 * would leave no digits to the others that it came with. Standard operators only: DynamicQuantizeLinear,
 * MatMulInteger (ONNX 11), which ONNX Runtime fuses into one kernel when it loads the model.
 */
export const quantizeInt8Dynamic = {
  name: 'int8_dynamic',
  apply(model: Model): Passed {
    const planned = planInt8(model);
    const layers = planned.map(decisionOf);
    const plan = planned.filter(({ kept }) => kept === undefined);
    if (plan.length === 0) return { model, layers };
    checkOpset(model);
    return { model: { ...model, graph: rewrite(model.graph, replaceLayers(plan, reachOf(model))) }, layers };
  },
} satisfies Pass;

function checkOpset({ opsets }: Model): void {
  const opset = opsets[''] ?? 0;
  if (opset >= oldestOpset) return;
  throw new UnsuitableModelError(
    `the model uses ONNX opset ${opset}, and int8 needs ${oldestOpset} or later: export it again with a newer one`,
  );
}

interface Weights {
  values: ConstantValue;
  scales: ConstantValue;
}

/** A row's largest distance from zero, `[..., 1]`; never zero itself. */
type Reach = (rows: Value) => Value;

const smallestReach = 2 ** -126;

/** ReduceMax takes its axes as an input from opset 18 on. */
function reachOf({ opsets }: Model): Reach {
  const takesInput = (opsets[''] ?? 0) >= 18;
  return (rows) => {
    const magnitude = operation('Abs', [rows]);
    const most = takesInput
      ? operation('ReduceMax', [magnitude, constant(int64s([-1]))])
      : operation(
          'ReduceMax',
          [magnitude],
          { axes: attribute.ints([-1]) },
          { types: [tensorType('float', shapeOf(rows)?.toSpliced(-1, 1, 1))] },
        );
    return operation('Max', [most, constant(scalar(smallestReach))]);
  };
}

interface QuantizedRows {
  readonly quantized: OperationValue;
  readonly reach: Value;
}

function replaceLayers(plan: readonly PlannedWeight[], reachOfRows: Reach) {
  const layers = new Map(plan.flatMap((planned) => planned.layers.map((layer) => [layer.node, layer])));
  const weights = new Map(plan.map(({ weight, layers: [layer] }) => [weight, quantizeWeights(layer)]));
  const quantizedInputs = new Map<Value, QuantizedRows>();

  return (value: Value, rebuilt: Value): Value | undefined => {
    const layer = value.kind === 'operation' ? layers.get(value) : undefined;
    const stored = layer && weights.get(layer.weight);
    const input = rebuilt.kind === 'operation' ? rebuilt.inputs[0] : undefined;
    if (layer === undefined || stored === undefined || input === undefined) return undefined;
    const known = quantizedInputs.get(input) ?? quantizeRows(input, reachOfRows);
    quantizedInputs.set(input, known);
    const product = operation('Mul', [multiply(known.quantized, stored), known.reach]);
    return rebuilt.kind === 'operation' ? addBias(product, rebuilt) : product;
  };
}

function quantizeWeights({ weight, values, rows, columns, transposed, factor }: MatrixLayer): Weights {
  const matrix = transposed ? transpose(values, rows, columns) : values;
  const quantized = quantizeColumns(matrix, columns);
  const scales = factor === 1 ? quantized.scales : quantized.scales.map((scale) => scale * factor);
  const name = (suffix: string) => (weight.name === undefined ? undefined : `${weight.name}.${suffix}`);
  return {
    values: constant(tensor('int8', [rows, columns], quantized.values), name('int8')),
    scales: constant(floats([columns], scales), name('scale')),
  };
}

function quantizeRows(input: Value, reachOfRows: Reach): QuantizedRows {
  const reach = reachOfRows(input);
  return { quantized: quantizeInput(operation('Div', [input, reach])), reach };
}

const quantizeInput = (input: Value): OperationValue =>
  operation(
    'DynamicQuantizeLinear',
    [input],
    {},
    {
      outputs: 3,
      types: [tensorType('uint8', shapeOf(input)), tensorType('float', []), tensorType('uint8', [])],
    },
  );

/** Scales are multiplied with each other first: in this form the runtime knows the whole as one kernel. */
function multiply(input: OperationValue, { values, scales }: Weights): OperationValue {
  const shape = shapeOf(input)?.slice(0, -1).concat(values.tensor.dims.slice(1));
  const product = operation(
    'MatMulInteger',
    [input, values, output(input, 2)],
    {},
    {
      types: [tensorType('int32', shape)],
    },
  );
  const decoded = operation('Cast', [product], { to: attribute.int(floatCode) });
  return operation('Mul', [decoded, operation('Mul', [output(input, 1), scales])]);
}

/** TensorProto.DataType of a 32-bit float. */
const floatCode = 1;

/** Gemm's third input, times its beta. */
function addBias(product: OperationValue, { op, inputs, attributes }: OperationValue): OperationValue {
  const bias = op === 'Gemm' ? inputs[2] : undefined;
  if (bias === undefined) return product;
  const beta = attributeOf.float(attributes, 'beta') ?? 1;
  const scaled = beta === 1 ? bias : operation('Mul', [bias, constant(scalar(beta))]);
  return operation('Add', [product, scaled]);
}
