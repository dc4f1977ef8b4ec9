import { attributeOf, floatAttribute, intAttribute } from '../../../shared/onnx/attributes';
import { attribute, constant, int64s, operation, output, scalar } from '../../../shared/onnx/build';
import {
  add,
  castLike,
  divide,
  equal,
  ints,
  matMul,
  multiply,
  reshape,
  scalarLike,
  sqrt,
  subtract,
  transpose,
  unsqueeze,
  where,
} from '../../../shared/onnx/expressions';
import type { OperationValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf, rankOf, shapeOf } from '../../../shared/onnx/shapes';
import { unsupported } from '../unsupported';
import type { Decomposition, Decompositions } from './decomposition';

/** [batch, length, heads * size] as [batch, heads, length, size]. */
const apart = (x: Value, heads: number): Value =>
  transpose(reshape(x, ints([0, 0, heads, -1])), [0, 2, 1, 3]);

/** [batch, heads, length, size] as [batch, length, heads * size]. */
const together = (x: Value): Value => reshape(transpose(x, [0, 2, 1, 3]), ints([0, 0, -1]));

interface Heads {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
}

interface Options {
  readonly scale: number | undefined;
  readonly softcap?: number;
  /** Added to the scores. */
  readonly biases: readonly Value[];
}

/** What the scores are multiplied by: one over the root of the heads' size, where nothing is said. */
function scaleOf(queries: Value, given: number | undefined): Value {
  const size = shapeOf(queries)?.[3];
  if (given !== undefined) return scalarLike(given, queries);
  if (typeof size === 'number') return scalarLike(1 / Math.sqrt(size), queries);
  const shape = operation('Shape', [queries], { start: attribute.int(3) });
  return divide(scalarLike(1, queries), sqrt(castLike(shape, queries)));
}

/** Scaled dot-product attention over [batch, heads, length, size]. */
function attend({ queries, keys, values }: Heads, { scale, softcap = 0, biases }: Options): Value {
  const product = multiply(matMul(queries, transpose(keys, [0, 1, 3, 2])), scaleOf(queries, scale));
  const capped =
    softcap === 0
      ? product
      : multiply(
          operation('Tanh', [divide(product, scalarLike(softcap, product))]),
          scalarLike(softcap, product),
        );
  const scores = biases.reduce(add, capped);
  return matMul(operation('Softmax', [scores], { axis: attribute.int(-1) }), values);
}

/** Zero where a score counts, and a large negative number where it does not. */
const penalty = (counts: Value, like: Value, filter: number): Value =>
  where(counts, scalarLike(0, like), scalarLike(filter, like));

const length = (x: Value, axis: number): Value =>
  operation('Shape', [x], { start: attribute.int(axis), end: attribute.int(axis + 1) });

/** [queries, keys]: a key counts for a query that is not before it, both being counted from their ends. */
function causal({ queries, keys }: Heads, fromEnd: boolean): Value {
  const whole = operation('Concat', [length(queries, 2), length(keys, 2)], { axis: attribute.int(0) });
  const ones = operation('ConstantOfShape', [whole], { value: attribute.tensor(int64s([1])) });
  const ahead = operation('Squeeze', [subtract(length(keys, 2), length(queries, 2)), ints([0])]);
  const diagonal = fromEnd ? ahead : constant(scalar(0, 'int64'));
  return equal(operation('Trilu', [ones, diagonal], { upper: attribute.int(0) }), ints([1]));
}

/** A mask of ones and zeros over [batch, keys] or [batch, queries, keys], as it is added to the scores. */
function keyPenalty(mask: Value, like: Value, filter: number, node: OperationValue): Value {
  const rank = rankOf(mask);
  if (rank !== 2 && rank !== 3) throw unsupported(node, 'give a mask of one number per key');
  const counts = operation('Cast', [mask], { to: attribute.int(9) });
  return penalty(unsqueeze(counts, rank === 2 ? [1, 2] : [1]), like, filter);
}

const filterOf = (node: OperationValue): number =>
  floatAttribute(node.attributes, 'mask_filter_value', -10000);

const isCausal = (node: OperationValue): boolean => intAttribute(node.attributes, 'unidirectional', 0) !== 0;

const scaleAttribute = (node: OperationValue): number | undefined => {
  const scale = attributeOf.float(node.attributes, 'scale');
  return scale === 0 ? undefined : scale;
};

const defined = (values: readonly (Value | undefined)[]): readonly Value[] =>
  values.filter((value) => value !== undefined);

function splitHidden(value: Value, sizes: readonly number[] | undefined): readonly Value[] {
  const node =
    sizes === undefined
      ? operation(
          'Split',
          [value],
          { axis: attribute.int(-1), num_outputs: attribute.int(3) },
          { outputs: 3 },
        )
      : operation('Split', [value, ints(sizes)], { axis: attribute.int(-1) }, { outputs: 3 });
  return [0, 1, 2].map((index) => output(node, index));
}

/** Keys or values after those of the past, which holds both: [2, batch, heads, length, size]. */
function afterPast(fresh: Value, past: Value | undefined, index: number): Value {
  if (past === undefined) return fresh;
  const cached = operation('Squeeze', [operation('Gather', [past, ints([index])]), ints([0])]);
  return operation('Concat', [cached, fresh], { axis: attribute.int(2) });
}

const stacked = (keys: Value, values: Value): Value =>
  operation('Concat', [unsqueeze(keys, [0]), unsqueeze(values, [0])], { axis: attribute.int(0) });

/** com.microsoft.Attention: one product makes queries, keys and values. */
const packedAttention: Decomposition = ([x, weights, bias, mask, past, scoreBias, pastLength], node) => {
  if (x === undefined || weights === undefined) return [];
  if (pastLength !== undefined) throw unsupported(node, 'give the past as it grows, not a buffer for it');
  const heads = intAttribute(node.attributes, 'num_heads', 1);
  const product = matMul(x, weights);
  const hidden = bias === undefined ? product : add(product, bias);
  const sizes = attributeOf.ints(node.attributes, 'qkv_hidden_sizes');
  const [queries, keys, values] = splitHidden(hidden, sizes).map((part) => apart(part, heads));
  if (queries === undefined || keys === undefined || values === undefined) return [];
  const all: Heads = { queries, keys: afterPast(keys, past, 0), values: afterPast(values, past, 1) };
  const biases = defined([
    mask && keyPenalty(mask, x, filterOf(node), node),
    isCausal(node) ? penalty(causal(all, true), x, filterOf(node)) : undefined,
    scoreBias,
  ]);
  return [together(attend(all, { scale: scaleAttribute(node), biases })), stacked(all.keys, all.values)];
};

/** com.microsoft.MultiHeadAttention over separate queries, keys and values. */
const multiHeadAttention: Decomposition = ([q, k, v, bias, mask, scoreBias, past], node) => {
  if (!q || !k || !v || rankOf(q) !== 3 || rankOf(k) !== 3 || rankOf(v) !== 3 || past !== undefined) {
    throw unsupported(node, 'give queries, keys and values apart, of rank 3, and no past');
  }
  const heads = intAttribute(node.attributes, 'num_heads', 1);
  const sizes = [q, k, v].map((value) => shapeOf(value)?.[2]);
  if (bias !== undefined && !sizes.every((size) => typeof size === 'number')) {
    throw unsupported(node, 'give sizes that are known before the run');
  }
  const shifts = bias === undefined ? [] : splitHidden(bias, sizes.map(Number));
  const biased = (value: Value, index: number) => {
    const shift = shifts[index];
    return apart(shift === undefined ? value : add(value, shift), heads);
  };
  const all: Heads = { queries: biased(q, 0), keys: biased(k, 1), values: biased(v, 2) };
  const biases = defined([
    mask && keyPenalty(mask, q, filterOf(node), node),
    scoreBias,
    isCausal(node) ? penalty(causal(all, true), q, filterOf(node)) : undefined,
  ]);
  return [together(attend(all, { scale: scaleAttribute(node), biases }))];
};

/** Each head of keys or values as often as queries share it. */
function repeated(x: Value, times: number): Value {
  if (times === 1) return x;
  const spread = operation('Tile', [unsqueeze(x, [2]), ints([1, 1, times, 1, 1])]);
  const sizes = operation('Concat', [length(x, 0), ints([-1]), length(x, 2), length(x, 3)], {
    axis: attribute.int(0),
  });
  return reshape(spread, sizes);
}

/** The mask of ai.onnx.Attention: true or a number to add, broadcast to [batch, heads, queries, keys]. */
const openMask = (mask: Value, like: Value): Value =>
  elementTypeOf(mask) === 'bool' ? penalty(mask, like, -1e30) : castLike(mask, like);

/** ai.onnx.Attention (opset 23). */
const attention: Decomposition = ([q, k, v, mask, pastKeys], node) => {
  if (!q || !k || !v || pastKeys !== undefined) throw unsupported(node, 'train without a cache of past keys');
  const flat = rankOf(q) === 3;
  const queryHeads = flat ? intAttribute(node.attributes, 'q_num_heads', 1) : Number(shapeOf(q)?.[1]);
  const keyHeads = flat ? intAttribute(node.attributes, 'kv_num_heads', 1) : Number(shapeOf(k)?.[1]);
  if (!Number.isInteger(queryHeads / keyHeads))
    throw unsupported(node, 'give numbers of heads that are known before the run');
  const headed = (x: Value, heads: number) => (flat ? apart(x, heads) : x);
  const all: Heads = {
    queries: headed(q, queryHeads),
    keys: repeated(headed(k, keyHeads), queryHeads / keyHeads),
    values: repeated(headed(v, keyHeads), queryHeads / keyHeads),
  };
  const biases = defined([
    intAttribute(node.attributes, 'is_causal', 0) === 0 ? undefined : penalty(causal(all, false), q, -1e30),
    mask && openMask(mask, q),
  ]);
  const softcap = floatAttribute(node.attributes, 'softcap', 0);
  const result = attend(all, { scale: attributeOf.float(node.attributes, 'scale'), softcap, biases });
  return [flat ? together(result) : result];
};

/** Attention of ai.onnx. */
export const attentionDecompositions: Decompositions = { Attention: attention };

/** Attention of ONNX Runtime's own domain. */
export const fusedAttentionDecompositions: Decompositions = {
  Attention: packedAttention,
  MultiHeadAttention: multiHeadAttention,
};
