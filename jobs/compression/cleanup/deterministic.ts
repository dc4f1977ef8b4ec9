import { intAttribute } from '../../../shared/onnx/attributes';
import type { OperationValue } from '../../../shared/onnx/ir';
import { operatorOf } from '../../../shared/onnx/operators';
import { random } from '../../../shared/onnx/operators/random';
import { isFilledWith } from './constant-numbers';

/** A Dropout that may be told to drop; without its third input it passes everything on. */
export const mayDrop = ({ inputs }: OperationValue): boolean =>
  inputs[2] !== undefined && !isFilledWith(inputs[2], 0);

/** Statistics of the batch are no matter of chance, but belong to a training run. */
const learns = ({ op, attributes }: OperationValue): boolean =>
  op === 'BatchNormalization' && intAttribute(attributes, 'training_mode', 0) !== 0;

/** Gives the same answer each time that it is given the same inputs, as far as is known: not where the operator is not. */
export function isDeterministic(node: OperationValue): boolean {
  const { op, domain } = node;
  if (operatorOf(domain, op) === undefined || learns(node)) return false;
  if (domain === '' && op === 'Dropout') return !mayDrop(node);
  return domain !== '' || !Object.hasOwn(random, op);
}
