import { attribute, operation } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';

/** The Euclidean norm of all elements, of rank 0. */
export const normOf = (value: Value): Value => operation('ReduceL2', [value], { keepdims: attribute.int(0) });
