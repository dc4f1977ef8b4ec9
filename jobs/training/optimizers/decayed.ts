import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { nameMatcher } from '../name-patterns';

/** Which parameters a penalty pulls to zero. */
export type Decayed = (parameter: Value) => boolean;

export const everyParameter: Decayed = () => true;

/** Not the biases: pulled to zero they could not say how rare a class is, and every probability would be off. */
export const matricesOnly: Decayed = (parameter) => shapeOf(parameter)?.length !== 1;

const prefix = 'parameter.';

const nameOf = (parameter: Value): string =>
  parameter.kind === 'input' && parameter.name.startsWith(prefix) ? parameter.name.slice(prefix.length) : '';

/** Neither parameters of one axis, which are biases and the weights of normalizations, nor those of these names. */
export function matricesBut(excluded: readonly string[]): Decayed {
  const isExcluded = nameMatcher(excluded);
  return (parameter) => matricesOnly(parameter) && !isExcluded(nameOf(parameter));
}
