import fc from 'fast-check';
import { attribute, constant, int64s, operation, output, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Value } from '../../../shared/onnx/ir';
import { list } from '../check-gradient';
import { type GradientCases, narrowed, shape, shapeAndAxis, size, uses } from './gradient-case';

type One = readonly Value[];

const orderOf = (rank: number) =>
  fc.shuffledSubarray(
    Array.from({ length: rank }, (_, axis) => axis),
    { minLength: rank, maxLength: rank },
  );

const transpose = uses(
  shape(0, 4).chain((dims) =>
    fc.tuple(fc.constant(dims), fc.option(orderOf(dims.length), { nil: undefined })),
  ),
  ([dims, order]) => ({
    dims: [dims],
    build: ([x]: One) => [
      operation('Transpose', [x], order === undefined ? {} : { perm: attribute.ints(order) }),
    ],
  }),
);

const reshape = uses(fc.tuple(shape(0, 3), fc.boolean()), ([dims, open]) => ({
  dims: [dims],
  build: ([x]: One) => [operation('Reshape', [x, list(open ? [-1, 1] : [1, elementCount(dims)])])],
}));

const flatten = uses(shapeAndAxis(1, 3), ({ dims, axis }) => ({
  dims: [dims],
  build: ([x]: One) => [operation('Flatten', [x], { axis: attribute.int(axis) })],
}));

const squeeze = uses(shapeAndAxis(1, 3), ({ dims, axis }) => {
  const at = axis < 0 ? axis + dims.length : axis;
  return { dims: [dims.with(at, 1)], build: ([x]: One) => [operation('Squeeze', [x, list([axis])])] };
});

const unsqueeze = uses(
  shape(0, 3).chain((dims) =>
    fc.tuple(fc.constant(dims), fc.integer({ min: -dims.length - 1, max: dims.length })),
  ),
  ([dims, axis]) => ({
    dims: [dims],
    build: ([x]: One) => [operation('Unsqueeze', [x, list([axis])])],
  }),
);

const concat = uses(
  shapeAndAxis(1, 3).chain((drawn) =>
    fc.tuple(fc.constant(drawn), fc.array(size, { minLength: 1, maxLength: 3 })),
  ),
  ([{ dims, axis }, sizes]) => ({
    dims: sizes.map((each) => dims.with(axis < 0 ? axis + dims.length : axis, each)),
    build: (inputs) => [operation('Concat', inputs, { axis: attribute.int(axis) })],
  }),
);

const split = uses(
  fc.tuple(shapeAndAxis(1, 3), fc.array(size, { minLength: 1, maxLength: 3 }), fc.nat()),
  ([{ dims, axis }, sizes, skipped]) => ({
    dims: [
      dims.with(
        axis < 0 ? axis + dims.length : axis,
        sizes.reduce((sum, each) => sum + each, 0),
      ),
    ],
    build: ([x]: One) => {
      const node = operation(
        'Split',
        [x, list(sizes)],
        { axis: attribute.int(axis) },
        { outputs: sizes.length },
      );
      const all = sizes.map((_, index) => output(node, index));
      return all.length === 1 ? all : all.toSpliced(skipped % all.length, 1);
    },
  }),
);

const slice = uses(
  shape(1, 3).chain((dims) =>
    fc.record({
      dims: fc.constant(dims),
      axes: fc.subarray(
        dims.map((_, axis) => axis),
        { minLength: 1 },
      ),
      starts: fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 3, maxLength: 3 }),
      ends: fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 3, maxLength: 3 }),
      steps: fc.option(fc.array(fc.constantFrom(1, 2, -1, -2), { minLength: 3, maxLength: 3 }), {
        nil: undefined,
      }),
    }),
  ),
  ({ dims, axes, starts, ends, steps }) => ({
    dims: [dims],
    build: ([x]: One) => {
      const some = (values: readonly number[]) => list(values.slice(0, axes.length));
      return [operation('Slice', [x, some(starts), some(ends), list(axes), steps && some(steps)])];
    },
  }),
);

const expand = uses(
  shape(0, 3).chain((dims) => fc.tuple(narrowed(dims), narrowed(dims))),
  ([dims, wanted]) => ({ dims: [dims], build: ([x]: One) => [operation('Expand', [x, list(wanted)])] }),
);

const tile = uses(
  shape(1, 3).chain((dims) =>
    fc.tuple(fc.constant(dims), fc.array(size, { minLength: dims.length, maxLength: dims.length })),
  ),
  ([dims, repeats]) => ({ dims: [dims], build: ([x]: One) => [operation('Tile', [x, list(repeats)])] }),
);

const pads = (rank: number, low: number) =>
  fc.array(fc.integer({ min: low, max: 2 }), { minLength: 2 * rank, maxLength: 2 * rank });

const constantPad = uses(
  shape(1, 3).chain((dims) =>
    fc.tuple(fc.constant(dims.map((each) => each + 1)), pads(dims.length, -1), fc.boolean()),
  ),
  ([dims, amounts, filled]) => ({
    dims: [dims, ...(filled ? [[]] : [])],
    build: ([x, fill]: One) => [operation('Pad', [x, list(amounts), fill])],
  }),
);

const copiedPad = uses(
  shape(1, 3).chain((dims) =>
    fc.tuple(
      fc.constant(dims.map((each) => each + 2)),
      pads(dims.length, 0),
      fc.constantFrom('edge', 'reflect', 'wrap'),
    ),
  ),
  ([dims, amounts, mode]) => ({
    dims: [dims],
    build: ([x]: One) => [operation('Pad', [x, list(amounts)], { mode: attribute.string(mode) })],
  }),
);

/** Indices below a bound, in a shape, decided by a list of numbers; some counted from the end. */
const indicesOf = (dims: readonly number[], bound: number, drawn: readonly number[]) => {
  const picked = Array.from({ length: elementCount(dims) }, (_, at) => {
    const index = (drawn[at % drawn.length] ?? 0) + at * 7;
    return (index % bound) - (index % 3 === 0 ? bound : 0);
  });
  return constant(tensor('int64', dims, picked));
};

const drawnIndices = fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 5 });

const gather = uses(
  fc.tuple(shapeAndAxis(1, 3), shape(0, 2), drawnIndices),
  ([{ dims, axis }, picked, drawn]) => ({
    dims: [dims],
    build: ([x]: One) => [
      operation('Gather', [x, indicesOf(picked, dims.at(axis) ?? 1, drawn)], { axis: attribute.int(axis) }),
    ],
  }),
);

const gatherElements = uses(
  fc.tuple(shapeAndAxis(1, 3), size, drawnIndices),
  ([{ dims, axis }, count, drawn]) => ({
    dims: [dims],
    build: ([x]: One) => {
      const picked = dims.with(axis < 0 ? axis + dims.length : axis, count);
      return [
        operation('GatherElements', [x, indicesOf(picked, dims.at(axis) ?? 1, drawn)], {
          axis: attribute.int(axis),
        }),
      ];
    },
  }),
);

const gatherNd = uses(
  fc.tuple(shape(2, 3), size, drawnIndices, fc.constantFrom(0, 1)),
  ([dims, count, drawn, batch]) => ({
    dims: [dims],
    build: ([x]: One) => {
      const bound = dims[batch] ?? 1;
      const shapeOfIndices = batch === 1 ? [dims[0] ?? 1, count, 1] : [count, 1];
      return [
        operation('GatherND', [x, indicesOf(shapeOfIndices, bound, drawn)], {
          batch_dims: attribute.int(batch),
        }),
      ];
    },
  }),
);

const compress = uses(shapeAndAxis(1, 3), ({ dims, axis }) => ({
  dims: [dims],
  build: ([x]: One) => {
    const kept = Array.from({ length: dims.at(axis) ?? 1 }, (_, at) => at % 2 === 0);
    return [
      operation('Compress', [x, constant(tensor('bool', [kept.length], kept))], {
        axis: attribute.int(axis),
      }),
    ];
  },
}));

const scatterElements = uses(
  fc.tuple(shapeAndAxis(1, 3), fc.constantFrom('none', 'add')),
  ([{ dims, axis }, reduction]) => ({
    dims: [dims, dims],
    build: ([x, updates]: One) => {
      const along = axis < 0 ? axis + dims.length : axis;
      const inner = elementCount(dims.slice(along + 1));
      const count = dims[along] ?? 1;
      const turned = Array.from(
        { length: elementCount(dims) },
        (_, at) => (Math.floor(at / inner) + 1) % count,
      );
      const options = { axis: attribute.int(axis), reduction: attribute.string(reduction) };
      return [operation('ScatterElements', [x, constant(tensor('int64', dims, turned)), updates], options)];
    },
  }),
);

const scatterNd = uses(fc.tuple(shape(1, 3), fc.constantFrom('none', 'add')), ([dims, reduction]) => {
  const rows = Math.ceil((dims[0] ?? 1) / 2);
  return {
    dims: [dims, [rows, ...dims.slice(1)]],
    build: ([x, updates]: One) => {
      const indices = constant(
        tensor(
          'int64',
          [rows, 1],
          Array.from({ length: rows }, (_, at) => at * 2),
        ),
      );
      return [operation('ScatterND', [x, indices, updates], { reduction: attribute.string(reduction) })];
    },
  };
});

const trilu = uses(
  fc.tuple(shape(2, 3), fc.integer({ min: -2, max: 2 }), fc.boolean()),
  ([dims, diagonal, upper]) => ({
    dims: [dims],
    build: ([x]: One) => [
      operation('Trilu', [x, constant(tensor('int64', [], [diagonal]))], {
        upper: attribute.int(Number(upper)),
      }),
    ],
  }),
);

const reverseSequence = uses(fc.tuple(size, size, shape(0, 1)), ([time, batch, rest]) => ({
  dims: [[time, batch, ...rest]],
  elementType: 'double',
  build: ([x]: One) => [
    operation('ReverseSequence', [
      x,
      constant(int64s(Array.from({ length: batch }, (_, at) => 1 + (at % time)))),
    ]),
  ],
}));

const oneHot = uses(fc.tuple(shape(1, 2), drawnIndices), ([dims, drawn]) => ({
  dims: [[2]],
  elementType: 'float',
  build: ([values]: One) => [operation('OneHot', [indicesOf(dims, 3, drawn), list([3]), values])],
}));

/** Uses of the operators that move, pick and repeat elements. */
export const movementCases: GradientCases = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Expand: expand,
  Tile: tile,
  Pad: fc.oneof(constantPad, copiedPad),
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  Compress: compress,
  ScatterElements: scatterElements,
  ScatterND: scatterNd,
  Trilu: trilu,
  ReverseSequence: reverseSequence,
  OneHot: oneHot,
};
