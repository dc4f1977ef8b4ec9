import { constant, tensor } from '../../shared/onnx/build';
import { castTo } from '../../shared/onnx/expressions';
import { fromFloat16 } from '../../shared/onnx/half';
import type { Model, Value } from '../../shared/onnx/ir';
import { elementTypeOf } from '../../shared/onnx/shapes';
import { rewrite } from '../../shared/onnx/walk';

const rounded = (value: Value): Value => castTo(castTo(value, 'float16'), 'float');

function inFloat(value: Value, rebuilt: Value): Value | undefined {
  if (value.kind === 'constant' && value.tensor.elementType === 'float16')
    return constant(
      tensor('float', value.tensor.dims, Array.from(value.tensor.data, Number).map(fromFloat16)),
    );
  if (value.kind !== 'operation') return undefined;
  const [given] = rebuilt.kind === 'operation' ? rebuilt.inputs : [];
  if (value.op === 'Cast' && given && elementTypeOf(given) === 'float' && elementTypeOf(value) === 'float')
    return given;
  if (elementTypeOf(value) !== 'float16') return undefined;
  if (value.op === 'Cast' && given) return rounded(given);
  return elementTypeOf(rebuilt) === 'float16' ? castTo(rebuilt, 'float') : rounded(rebuilt);
}

/**
 * A model that computes in float32 what the given one computes in float16, and rounds each result to float16: what a machine
 * with kernels for float16 comes to. ONNX Runtime has none on a CPU: it computes in float32 and leaves the rounding out.
 */
export const roundedToHalf = (model: Model): Model => ({ ...model, graph: rewrite(model.graph, inFloat) });
