import type { Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { nameMatcher } from '../name-patterns';
import type { ParameterSpec } from '../network';

/** Which parameters a penalty pulls to zero. */
export type Decayed = (parameter: Value) => boolean;

export const everyParameter: Decayed = () => true;

/** Not the biases: pulled to zero they could not say how rare a class is, and every probability would be off. */
export const matricesOnly: Decayed = (parameter) => shapeOf(parameter)?.length !== 1;

const prefix = 'parameter.';

const nameOf = (parameter: Value): string =>
  parameter.kind === 'input' && parameter.name.startsWith(prefix) ? parameter.name.slice(prefix.length) : '';

/**
 * Neither biases and the weights of normalizations nor those of these names. Which are which, the parameters say; of those
 * that do not, one axis tells.
 */
export function matricesBut(
  excluded: readonly string[],
  parameters: readonly Pick<ParameterSpec, 'name' | 'decays'>[] = [],
): Decayed {
  const isExcluded = nameMatcher(excluded);
  const told = new Map(parameters.map(({ name, decays }) => [name, decays]));
  return (parameter) => {
    const name = nameOf(parameter);
    return (told.get(name) ?? matricesOnly(parameter)) && !isExcluded(name);
  };
}
