import { createHash } from 'node:crypto';
import { subgraphsOf } from '../../../shared/onnx/attributes';
import type { Attribute, Attributes, Model, OperationValue, Tensor, Value } from '../../../shared/onnx/ir';
import { placeValues, type Scope } from '../../../shared/onnx/place-values';
import { separateBodies } from '../../../shared/onnx/separate-bodies';
import { bytesOf } from '../../../shared/onnx/tensor-bytes';
import { everyValue } from '../../../shared/onnx/walk';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';
import { isDeterministic } from './deterministic';

const contentOf = (tensor: Tensor): string | Uint8Array =>
  tensor.elementType === 'string' ? JSON.stringify(tensor.data) : bytesOf(tensor);

const keys = new WeakMap<Tensor, string>();

/** The same for tensors of the same type, sizes and bits; weights are large, and looked at in every round. */
function tensorKey(tensor: Tensor): string {
  const key = keys.get(tensor) ?? keyOf(tensor);
  keys.set(tensor, key);
  return key;
}

const keyOf = (tensor: Tensor): string =>
  `${tensor.elementType}[${tensor.dims.join()}]${createHash('sha256').update(contentOf(tensor)).digest('base64')}`;

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

function attributeKey(found: Attribute): string {
  if (found.type === 'tensor') return tensorKey(found.value);
  if (found.type === 'tensors') return found.value.map(tensorKey).join();
  if (isBytes(found.value)) return Buffer.from(found.value).toString('base64');
  return JSON.stringify(found.value, (_, each) => (Object.is(each, -0) ? '-0' : each));
}

const attributesKey = (attributes: Attributes): string =>
  Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, found]) => `${name}:${found.type}=${attributeKey(found)}`)
    .join(';');

/** A decoded weight is fused with the one node that reads it. */
const mayBeShared = (node: OperationValue): boolean =>
  isDeterministic(node) && node.op !== 'DequantizeLinear' && subgraphsOf(node.attributes).length === 0;

/** One number for all values that are computed alike from the same inputs and constants. */
function numberValues(order: readonly Value[]): ReadonlyMap<Value, number> {
  const numbers = new Map<Value, number>();
  const byKey = new Map<string, number>();
  const computedBy = (value: Value): string | undefined => {
    if (value.kind === 'constant') return tensorKey(value.tensor);
    if (value.kind === 'projection') return `${value.index} of ${numbers.get(value.of)}`;
    if (value.kind === 'input' || !mayBeShared(value)) return undefined;
    const inputs = value.inputs.map((each) => (each === undefined ? '' : numbers.get(each)));
    return `${value.domain}.${value.op}/${value.types.length}(${inputs.join()}){${attributesKey(value.attributes)}}`;
  };
  for (const value of order) {
    const key = computedBy(value);
    const known = key === undefined ? undefined : byKey.get(key);
    const number = known ?? numbers.size;
    numbers.set(value, number);
    if (key !== undefined) byKey.set(key, number);
  }
  return numbers;
}

function scopesOf(model: Model): ReadonlyMap<OperationValue, Scope> {
  const scopes = new Map<OperationValue, Scope>();
  for (const scope of placeValues(model.graph).scopes.values())
    for (const node of scope.nodes) scopes.set(node, scope);
  return scopes;
}

function encloses(outer: Scope, inner: Scope): boolean {
  for (let at: Scope | undefined = inner; at !== undefined; at = at.parent) if (at === outer) return true;
  return false;
}

/**
 * The scope of the node that each may share: the outermost of those alike that stand around it. Nodes of two branches are not
 * merged with each other, for that would compute them where neither branch is taken.
 */
function sharedScopes(
  order: readonly Value[],
  numbers: ReadonlyMap<Value, number>,
  scopes: ReadonlyMap<OperationValue, Scope>,
): ReadonlyMap<OperationValue, Scope> {
  const byNumber = new Map<number | undefined, Set<Scope>>();
  const shared = new Map<OperationValue, Scope>();
  const each = order.flatMap((node) => {
    const scope = node.kind === 'operation' ? scopes.get(node) : undefined;
    return node.kind === 'operation' && scope ? [{ node, scope, number: numbers.get(node) }] : [];
  });
  for (const { scope, number } of each)
    byNumber.set(number, (byNumber.get(number) ?? new Set<Scope>()).add(scope));
  for (const { node, scope, number } of each) {
    const around = [...(byNumber.get(number) ?? [])].filter((other) => encloses(other, scope));
    shared.set(
      node,
      around.reduce((outer, other) => (other.depth < outer.depth ? other : outer), scope),
    );
  }
  return shared;
}

/** Keeps one of all constants of the same type, sizes and bits, and one of all nodes that compute the same of the same. */
export const mergeDuplicates = {
  name: 'merge_duplicates',
  apply(given: Model): Cleaned {
    const graph = separateBodies(given.graph);
    const model = graph === given.graph ? given : { ...given, graph };
    const order = everyValue(graph.outputs.map(({ value }) => value));
    const numbers = numberValues(order);
    if (new Set(numbers.values()).size === order.length) return { model: given, changes: 0 };
    const shared = sharedScopes(order, numbers, scopesOf(model));
    const first = new Map<Scope | undefined, Map<number, Value>>();
    return replaceIn(model, (value, rebuilt) => {
      const number = numbers.get(value);
      if (number === undefined || value.kind === 'input' || value.kind === 'projection') return undefined;
      const scope = value.kind === 'operation' ? shared.get(value) : undefined;
      const known = first.get(scope) ?? new Map<number, Value>();
      first.set(scope, known);
      const found = known.get(number);
      if (found === undefined) known.set(number, rebuilt);
      return found;
    });
  },
} satisfies CleaningPass;
