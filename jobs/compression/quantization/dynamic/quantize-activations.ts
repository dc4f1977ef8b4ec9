import { attribute, constant, int64s, operation, scalar } from '../../../../shared/onnx/build';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';

/** Activations as uint8: the node's outputs are the numbers, their scale and their zero point. */
export type QuantizeActivations = (input: Value) => OperationValue;

/** Quantizes each value once, whoever reads it. */
export function quantizeActivations(): QuantizeActivations {
  const known = new Map<Value, OperationValue>();
  return (input) => {
    const quantized = known.get(input) ?? operation('DynamicQuantizeLinear', [input], {}, { outputs: 3 });
    known.set(input, quantized);
    return quantized;
  };
}

/** Activations in rows that are each within -1 and 1. */
export interface ReachedRows {
  readonly rows: Value;
  /** What each row was divided by, `[..., 1]`: its largest distance from zero, never zero itself. */
  readonly reach: Value;
}

const smallestReach = 2 ** -126;

/** Divides each row by its own reach; each value once. */
export function divideRows(): (input: Value) => ReachedRows {
  const known = new Map<Value, ReachedRows>();
  return (input) => {
    const divided = known.get(input) ?? dividedRows(input);
    known.set(input, divided);
    return divided;
  };
}

function dividedRows(input: Value): ReachedRows {
  const most = operation('ReduceMax', [operation('Abs', [input]), constant(int64s([-1]))], {
    keepdims: attribute.int(1),
  });
  const reach = operation('Max', [most, constant(scalar(smallestReach))]);
  return { rows: operation('Div', [input, reach]), reach };
}
