import { tensor } from './build';
import type { Attribute, Attributes, Tensor } from './ir';

/** Literals that a `Constant` node may hold in place of a tensor. */
const literals: Readonly<Record<string, (found: Attribute) => Tensor | undefined>> = {
  value: (found) => (found.type === 'tensor' ? found.value : undefined),
  value_float: (found) => (found.type === 'float' ? tensor('float', [], [found.value]) : undefined),
  value_int: (found) => (found.type === 'int' ? tensor('int64', [], [found.value]) : undefined),
  value_string: (found) => (found.type === 'string' ? tensor('string', [], [found.value]) : undefined),
  value_floats: (found) =>
    found.type === 'floats' ? tensor('float', [found.value.length], found.value) : undefined,
  value_ints: (found) =>
    found.type === 'ints' ? tensor('int64', [found.value.length], found.value) : undefined,
  value_strings: (found) =>
    found.type === 'strings' ? tensor('string', [found.value.length], found.value) : undefined,
};

/** The tensor that a `Constant` node's attributes hold; undefined for the sparse form. */
export function literalOf(attributes: Attributes): Tensor | undefined {
  for (const [name, found] of Object.entries(attributes)) {
    const literal = Object.hasOwn(literals, name) ? literals[name]?.(found) : undefined;
    if (literal !== undefined) return literal;
  }
  return undefined;
}
