import fc from 'fast-check';
import { attribute, constant, operation, output, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import { type GradientCases, size, uses } from './gradient-case';

type Some = readonly Value[];

const small = fc.integer({ min: 1, max: 3 });

const layer = (op: string, gates: number, states: number, options: fc.Arbitrary<Attributes>) =>
  uses(
    fc.record({
      length: small,
      batch: small,
      inputs: small,
      hidden: small,
      direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
      biased: fc.boolean(),
      started: fc.boolean(),
      options,
    }),
    ({ length, batch, inputs, hidden, direction, biased, started, options: special }) => {
      const ways = direction === 'bidirectional' ? 2 : 1;
      const biases = biased ? [[ways, 2 * gates * hidden]] : [];
      const initial = started ? new Array<number[]>(states).fill([ways, batch, hidden]) : [];
      return {
        dims: [
          [length, batch, inputs],
          [ways, gates * hidden, inputs],
          [ways, gates * hidden, hidden],
          ...biases,
          ...initial,
        ],
        elementType: 'float',
        sized: [0],
        range: [-1, 1],
        build: ([x, w, r, ...rest]: Some) => {
          const [b, ...start] = biased ? rest : [undefined, ...rest];
          const attributes = {
            direction: attribute.string(direction),
            hidden_size: attribute.int(hidden),
            ...special,
          };
          const node = operation(op, [x, w, r, b, undefined, ...start], attributes, { outputs: states + 1 });
          return Array.from({ length: states + 1 }, (_, index) => output(node, index));
        },
      };
    },
  );

const none = fc.constant<Attributes>({});

const reset = fc
  .boolean()
  .map((after): Attributes => ({ linear_before_reset: attribute.int(Number(after)) }));

const domain = 'com.microsoft';

const shapes = fc.record({
  batch: small,
  length: size,
  heads: small,
  width: small,
  causal: fc.boolean(),
  masked: fc.boolean(),
});

/** One mask per row of the batch: the first key always counts. */
const maskOf = (batch: number, keys: number): Value =>
  constant(
    tensor(
      'int32',
      [batch, keys],
      Array.from({ length: batch * keys }, (_, at) => (at % keys === 0 || at % 3 > 0 ? 1 : 0)),
    ),
  );

const packed = uses(
  fc.tuple(shapes, fc.nat({ max: 2 })),
  ([{ batch, length, heads, width, causal, masked }, before]) => ({
    dims: [
      [batch, length, 3],
      [3, 3 * heads * width],
      [3 * heads * width],
      ...(before > 0 ? [[2, batch, heads, before, width]] : []),
    ],
    elementType: 'float',
    range: [-1, 1],
    build: ([x, weights, bias, past]: Some) => {
      const mask = masked ? maskOf(batch, length + before) : undefined;
      const options = { num_heads: attribute.int(heads), unidirectional: attribute.int(Number(causal)) };
      const outputs = past === undefined ? 1 : 2;
      const node = operation('Attention', [x, weights, bias, mask, past], options, { domain, outputs });
      return outputs === 1 ? [node] : [node, output(node, 1)];
    },
  }),
);

const multiHead = uses(
  fc.tuple(shapes, size, fc.boolean()),
  ([{ batch, length, heads, width, masked }, keys, biased]) => {
    const hidden = heads * width;
    return {
      dims: [
        [batch, length, hidden],
        [batch, keys, hidden],
        [batch, keys, hidden],
        ...(biased ? [[3 * hidden]] : []),
      ],
      elementType: 'float',
      range: [-1, 1],
      sized: [0, 1, 2],
      build: ([q, k, v, bias]: Some) => [
        operation(
          'MultiHeadAttention',
          [q, k, v, bias, masked ? maskOf(batch, keys) : undefined],
          { num_heads: attribute.int(heads) },
          { domain },
        ),
      ],
    };
  },
);

const open = uses(
  fc.tuple(shapes, size, fc.constantFrom(1, 2), fc.constantFrom('none', 'bool', 'float'), fc.boolean()),
  ([{ batch, length, heads, width, causal }, keys, shared, mask, flat]) => {
    const places = [length, keys];
    const counts = Array.from({ length: elementCount(places) }, (_, at) => at % keys === 0 || at % 3 > 0);
    const masks: Record<string, Value | undefined> = {
      bool: constant(tensor('bool', places, counts)),
      float: constant(
        tensor(
          'float',
          places,
          counts.map((counted) => (counted ? 0.5 : -0.5)),
        ),
      ),
    };
    const shape = (rows: number, count: number) =>
      flat ? [batch, rows, count * width] : [batch, count, rows, width];
    return {
      dims: [shape(length, heads * shared), shape(keys, heads), shape(keys, heads)],
      elementType: 'float',
      range: [-1, 1],
      sized: [0, 1, 2],
      build: (values: Some) => [
        operation('Attention', [...values, masks[mask]], {
          is_causal: attribute.int(Number(causal)),
          ...(flat ? { q_num_heads: attribute.int(heads * shared), kv_num_heads: attribute.int(heads) } : {}),
        }),
      ],
    };
  },
);

/** Uses of recurrent layers and attention. */
export const sequenceCases: GradientCases = {
  LSTM: layer('LSTM', 4, 2, none),
  GRU: layer('GRU', 3, 1, reset),
  RNN: layer('RNN', 1, 1, none),
  Attention: open,
};

/** Uses of ONNX Runtime's own attention. */
export const fusedSequenceCases: GradientCases = { Attention: packed, MultiHeadAttention: multiHead };
