import { attributeOf, intAttribute } from '../attributes';
import type { Dimension } from '../ir';
import { mapSize, type Shape, tensorType } from '../shapes';
import { matMulShape, transposedIf } from './matrix';
import { inputShape, named, type OperatorTable, operator, shaped, typeOf, type Use } from './operator';

const sum = (a: Dimension, b: Dimension): Dimension =>
  typeof a === 'number' && typeof b === 'number' ? a + b : undefined;

/** Length of keys with those of the past before them. */
function totalLength(use: Use, fresh: Dimension, past: number): Dimension {
  return use.inputs[past] === undefined ? fresh : sum(fresh, inputShape(use, past)?.[2]);
}

/** [batch, heads, length, size], or [batch, length, heads * size] with the heads as attributes (opset 23). */
const attention = operator([3, 7], [1, 4], (use) => {
  const { elementType, shape: q } = typeOf(use, 0);
  const [k, v] = [inputShape(use, 1), inputShape(use, 2)];
  const heads = intAttribute(use.attributes, 'q_num_heads', 0);
  const keyHeads = intAttribute(use.attributes, 'kv_num_heads', 0);
  const flat = q?.length === 3;
  const size = (shape: Shape, count: number) =>
    flat ? mapSize(shape?.[2], (all) => all / count) : shape?.[3];
  const keys = totalLength(use, flat ? k?.[1] : k?.[2], 4);
  const [queryHeads, cachedHeads] = flat ? [heads, keyHeads] : [q?.[1], k?.[1]];
  const queries = flat ? q?.[1] : q?.[2];
  const out = flat
    ? [q?.[0], queries, mapSize(size(v, keyHeads), (each) => each * heads)]
    : [q?.[0], q?.[1], queries, v?.[3]];
  return [
    tensorType(elementType, out),
    tensorType(elementType, [q?.[0], cachedHeads, keys, size(k, keyHeads)]),
    tensorType(elementType, [q?.[0], cachedHeads, keys, size(v, keyHeads)]),
    tensorType(elementType, [q?.[0], queryHeads, queries, keys]),
  ];
});

/** Attention operators of ai.onnx. */
export const attentions: OperatorTable = {
  Attention: attention,
  RotaryEmbedding: shaped([3, 4], (use) => inputShape(use, 0)),
};

/** With a past, the present has to be given out too. */
const packedAttention = operator(
  [2, 7],
  [1, 2],
  (use) => {
    const { elementType, shape: x } = typeOf(use, 0);
    const sizes = attributeOf.ints(use.attributes, 'qkv_hidden_sizes');
    const hidden = sizes?.[2] ?? mapSize(inputShape(use, 1)?.[1], (all) => all / 3);
    const heads = intAttribute(use.attributes, 'num_heads', 1);
    const present = [2, x?.[0], heads, undefined, mapSize(hidden, (all) => all / heads)];
    return [tensorType(elementType, [x?.[0], x?.[1], hidden]), tensorType(elementType, present)];
  },
  { keepsOutputs: true },
);

const multiHeadAttention = operator([1, 10], [1, 4], (use) => {
  const { elementType, shape: q } = typeOf(use, 0);
  const v = inputShape(use, 2);
  const out = q?.length === 3 ? [q[0], q[1], v?.length === 3 ? v[2] : undefined] : undefined;
  const open = tensorType(elementType, undefined);
  return [tensorType(elementType, out), open, open, open];
});

const groupQueryAttention = operator([3, 14], [1, 4], (use) => {
  const { elementType, shape: q } = typeOf(use, 0);
  const packed = use.inputs[1] === undefined;
  const past = (index: number) => {
    const shape = inputShape(use, index);
    return tensorType(elementType, shape && [shape[0], shape[1], undefined, shape[3]]);
  };
  const cached = [3, 4].map(past);
  return [tensorType(elementType, packed ? undefined : q), ...cached, tensorType(elementType, undefined)];
});

const skipNormalization = (inputs: readonly [number, number]) =>
  operator(inputs, [1, 4], (use) => {
    const type = typeOf(use, 0);
    const statistics = tensorType('float', type.shape && [...type.shape.slice(0, -1), 1]);
    return [type, statistics, statistics, type];
  });

const embedding = operator([4, 9], [2, 3], (use) => {
  const ids = inputShape(use, 0);
  const table = typeOf(use, 2);
  const words = tensorType(table.elementType, ids && [...ids, table.shape?.[1]]);
  return [words, tensorType('int32', [ids?.[0]]), words];
});

const fusedMatMul = operator(2, 1, (use) => {
  const flag = (name: string) => intAttribute(use.attributes, name, 0) !== 0;
  if (flag('transBatchA') || flag('transBatchB')) return [tensorType(typeOf(use, 0).elementType, undefined)];
  const a = transposedIf(flag('transA'), inputShape(use, 0));
  const b = transposedIf(flag('transB'), inputShape(use, 1));
  return [tensorType(typeOf(use, 0).elementType, matMulShape(a, b))];
});

const alike = (fewest: number, most = fewest) => shaped([fewest, most], (use) => inputShape(use, 0));

/** Fused operators that only ONNX Runtime defines. */
export const microsoftFused: OperatorTable = {
  Attention: packedAttention,
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  RotaryEmbedding: alike(4),
  SkipLayerNormalization: skipNormalization([3, 5]),
  SkipSimplifiedLayerNormalization: skipNormalization([3, 4]),
  EmbedLayerNormalization: embedding,
  FusedMatMul: fusedMatMul,
  ...named('Gelu QuickGelu', alike(1)),
  FastGelu: alike(1, 2),
  BiasGelu: alike(2),
  BiasSoftmax: alike(2),
};
