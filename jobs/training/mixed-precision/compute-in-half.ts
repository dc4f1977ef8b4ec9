import { operation, output } from '../../../shared/onnx/build';
import { castTo } from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import { everyValue, rewrite } from '../../../shared/onnx/walk';
import { followingOperators, halfOperators } from './half-operators';

const largestHalf = 65_504;

const isFloat = (value: Value | undefined): value is Value =>
  value !== undefined && elementTypeOf(value) === 'float';

/** What a float was in float16 before it was cast up. */
function halfBehind(value: Value): Value | undefined {
  if (value.kind !== 'operation' || value.op !== 'Cast') return undefined;
  const [given] = value.inputs;
  return given !== undefined && elementTypeOf(given) === 'float16' ? given : undefined;
}

/** A literal that float16 can hold; a mask of -1e9 would become minus infinity. */
const isSmallConstant = (value: Value): boolean =>
  value.kind === 'constant' &&
  value.tensor.data instanceof Float32Array &&
  value.tensor.data.every((element) => Math.abs(element) <= largestHalf);

const nameOf = ({ domain, op }: OperationValue): string => (domain === '' ? op : `${domain}::${op}`);

function runsInHalf(node: OperationValue): boolean {
  const name = nameOf(node);
  if (halfOperators.has(name)) return true;
  const floats = node.inputs.filter(isFloat);
  return (
    followingOperators.has(name) &&
    floats.some((value) => halfBehind(value) !== undefined) &&
    floats.every((value) => halfBehind(value) !== undefined || isSmallConstant(value))
  );
}

/** Casts each value down once. */
function halves(): (value: Value) => Value {
  const made = new Map<Value, Value>();
  return (value) => {
    const half = halfBehind(value) ?? made.get(value) ?? castTo(value, 'float16');
    made.set(value, half);
    return half;
  };
}

/**
 * The same values with products of matrices and convolutions in float16 and everything else in float32, as PyTorch's
 * autocast does it (Micikevicius et al., 2018). Every value keeps its type: what is computed in float16 is cast up again,
 * and a cast up that meets a cast down goes away. What `given` rests on stays as it is.
 */
export function computeInHalf(values: readonly Value[], given: Value): Value[] {
  const untouched = new Set(everyValue([given]));
  const halfOf = halves();
  const inHalf = new Map<OperationValue, OperationValue>();
  const replace = (value: Value, rebuilt: Value): Value | undefined => {
    if (untouched.has(value)) return undefined;
    if (value.kind === 'projection') {
      const node = inHalf.get(value.of);
      return node && castTo(output(node, value.index), 'float');
    }
    if (value.kind !== 'operation' || rebuilt.kind !== 'operation' || !runsInHalf(rebuilt)) return undefined;
    const { op, domain, inputs, attributes, types } = rebuilt;
    const lowered = inputs.map((each) => (isFloat(each) ? halfOf(each) : each));
    const node = operation(op, lowered, attributes, { domain, outputs: types.length });
    inHalf.set(value, node);
    return castTo(node, 'float');
  };
  const outputs = values.map((value, index) => ({ name: `value_${index}`, value }));
  return rewrite({ name: 'in_half', inputs: [], outputs }, replace).outputs.map(({ value }) => value);
}
