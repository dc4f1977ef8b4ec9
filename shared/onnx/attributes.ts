import type { Attribute, Attributes, Graph, Tensor } from './ir';

/** Shorthands for attributes: `{ axis: attribute.int(1) }`. */
export const attribute = {
  int: (value: number): Attribute => ({ type: 'int', value }),
  float: (value: number): Attribute => ({ type: 'float', value }),
  string: (value: string): Attribute => ({ type: 'string', value }),
  tensor: (value: Tensor): Attribute => ({ type: 'tensor', value }),
  graph: (value: Graph): Attribute => ({ type: 'graph', value }),
  ints: (value: readonly number[]): Attribute => ({ type: 'ints', value }),
  floats: (value: readonly number[]): Attribute => ({ type: 'floats', value }),
  strings: (value: readonly string[]): Attribute => ({ type: 'strings', value }),
  tensors: (value: readonly Tensor[]): Attribute => ({ type: 'tensors', value }),
  graphs: (value: readonly Graph[]): Attribute => ({ type: 'graphs', value }),
};

type Reader<T> = (attributes: Attributes, name: string) => T | undefined;

const reader =
  <T>(pick: (found: Attribute) => T | undefined): Reader<T> =>
  (attributes, name) => {
    const found = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    return found && pick(found);
  };

/** Readers by name; undefined where the attribute is missing or of another kind. */
export const attributeOf = {
  int: reader((found) => (found.type === 'int' ? found.value : undefined)),
  float: reader((found) => (found.type === 'float' ? found.value : undefined)),
  string: reader((found) => (found.type === 'string' ? found.value : undefined)),
  tensor: reader((found) => (found.type === 'tensor' ? found.value : undefined)),
  graph: reader((found) => (found.type === 'graph' ? found.value : undefined)),
  ints: reader((found) => (found.type === 'ints' ? found.value : undefined)),
  floats: reader((found) => (found.type === 'floats' ? found.value : undefined)),
  strings: reader((found) => (found.type === 'strings' ? found.value : undefined)),
};

/** An integer attribute, or what the operator's definition gives where it is missing. */
export const intAttribute = (attributes: Attributes, name: string, missing: number): number =>
  attributeOf.int(attributes, name) ?? missing;

/** A float attribute, or what the operator's definition gives where it is missing. */
export const floatAttribute = (attributes: Attributes, name: string, missing: number): number =>
  attributeOf.float(attributes, name) ?? missing;

const holdsGraphs = (found: Attribute | undefined): boolean =>
  found?.type === 'graph' || found?.type === 'graphs';

function graphsIn(found: Attribute | undefined): readonly Graph[] {
  if (found?.type === 'graph') return [found.value];
  return found?.type === 'graphs' ? found.value : none;
}

const none: readonly Graph[] = [];

/** The subgraphs that a node's attributes hold, in the order of their names. */
export function subgraphsOf(attributes: Attributes): readonly Graph[] {
  const names = Object.keys(attributes).filter((name) => holdsGraphs(attributes[name]));
  if (names.length === 0) return none;
  return names.sort().flatMap((name) => graphsIn(attributes[name]));
}
