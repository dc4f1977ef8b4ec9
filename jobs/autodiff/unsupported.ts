import { MissingGradientError } from '../../shared/errors/graph-errors';
import type { OperationValue } from '../../shared/onnx/ir';
import { printType } from '../../shared/onnx/shapes';

/** The error for an operator, or a form of it, that has no gradient; it names the node by its inputs' types. */
export function unsupported(node: OperationValue, advice: string): MissingGradientError {
  const name = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  const inputs = node.inputs.map((value) => (value === undefined ? '_' : printType(value.type))).join(', ');
  return new MissingGradientError(name, `${node.op}(${inputs})`, advice);
}
