import fc from 'fast-check';
import { attribute, operation } from '../../../shared/onnx/build';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import { type GradientCases, uses } from './gradient-case';

type One = readonly Value[];

const small = fc.integer({ min: 1, max: 2 });

/** A window over one or two spatial axes, and how it slides. */
const windows = fc.integer({ min: 1, max: 2 }).chain((rank) => {
  const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: rank, maxLength: rank });
  return fc.record({
    space: each(fc.integer({ min: 5, max: 6 })),
    kernel: each(fc.integer({ min: 1, max: 3 })),
    strides: each(small),
    dilations: each(small),
    pads: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 2 * rank, maxLength: 2 * rank }),
    auto: fc.constantFrom('NOTSET', 'NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'),
  });
});

interface Slides {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly auto: string;
}

/** Where padding is automatic, ONNX Runtime has no dilation, and no strides that leave pixels out. */
const slides = ({ kernel, strides, dilations, pads, auto }: Slides): Attributes => ({
  strides: attribute.ints(
    auto.startsWith('SAME') ? strides.map((stride, axis) => Math.min(stride, kernel[axis] ?? 1)) : strides,
  ),
  dilations: attribute.ints(auto.startsWith('SAME') ? dilations.map(() => 1) : dilations),
  ...(auto === 'NOTSET' ? { pads: attribute.ints(pads) } : { auto_pad: attribute.string(auto) }),
});

const channels = fc.record({
  batch: small,
  groups: small,
  inputs: small,
  outputs: small,
  bias: fc.boolean(),
});

const conv = uses(fc.tuple(windows, channels), ([window, { batch, groups, inputs, outputs, bias }]) => ({
  dims: [
    [batch, groups * inputs, ...window.space],
    [groups * outputs, inputs, ...window.kernel],
    ...(bias ? [[groups * outputs]] : []),
  ],
  elementType: 'float',
  sized: window.auto.startsWith('SAME') ? [0, 1] : [1],
  build: (values) => [operation('Conv', values, { ...slides(window), group: attribute.int(groups) })],
}));

/** Few or many channels and pixels, for the ways in which gradients are lowered. */
const wideConv = uses(
  fc.record({
    inputs: fc.constantFrom(4, 16),
    side: fc.constantFrom(5, 13),
    stride: small,
    pad: fc.nat({ max: 1 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    dilation: small,
  }),
  ({ inputs, side, stride, pad, kernel, dilation }) => ({
    dims: [
      [2, inputs, side, side],
      [3, inputs, kernel, kernel],
    ],
    elementType: 'float',
    range: [-1, 1],
    sized: [0, 1],
    build: (values) => [
      operation('Conv', values, {
        strides: attribute.ints([stride, stride]),
        dilations: attribute.ints([dilation, 1]),
        pads: attribute.ints([pad, pad, 0, pad]),
      }),
    ],
  }),
);

/** Padding that is no wider than the kernel leaves room for. */
const fitted = (kernel: readonly number[], pads: readonly number[]): number[] =>
  pads.map((pad, at) => (kernel[at % kernel.length] === 1 ? 0 : pad));

const convTranspose = uses(
  fc.tuple(windows, channels, fc.boolean()),
  ([window, { batch, groups, inputs, outputs, bias }, extra]) => {
    const slide = slides({ ...window, pads: fitted(window.kernel, window.pads) });
    const strides = slide.strides?.type === 'ints' ? slide.strides.value : [];
    return {
      dims: [
        [batch, groups * inputs, ...window.space],
        [groups * inputs, outputs, ...window.kernel],
        ...(bias ? [[groups * outputs]] : []),
      ],
      elementType: 'float',
      sized: window.auto.startsWith('SAME') ? [0, 1] : [1],
      build: (values) => [
        operation('ConvTranspose', values, {
          ...slide,
          group: attribute.int(groups),
          ...(extra && window.auto === 'NOTSET'
            ? { output_padding: attribute.ints(strides.map((stride) => stride - 1)) }
            : {}),
        }),
      ],
    };
  },
);

/** With `ceil_mode`, ONNX Runtime foretells wrong sizes where the last window would start outside: none does here. */
const pool = (op: string, options: fc.Arbitrary<Attributes>) =>
  uses(fc.tuple(windows, small, small, options), ([window, batch, planes, attributes]) => {
    const rounded = attributes.ceil_mode !== undefined;
    const within = window.strides.map((stride, axis) => Math.min(stride, window.kernel[axis] ?? 1));
    const pads = fitted(window.kernel, window.pads);
    const slide = slides({
      ...window,
      strides: rounded ? within : window.strides,
      pads: rounded ? pads.map((pad, at) => (at < window.kernel.length ? pad : 0)) : pads,
    });
    return {
      dims: [[batch, planes, ...window.space]],
      elementType: 'float',
      sized: window.auto.startsWith('SAME') || rounded ? [0] : [],
      build: ([x]: One) => [
        operation(op, [x], { ...slide, kernel_shape: attribute.ints(window.kernel), ...attributes }),
      ],
    };
  });

const ceil = fc.constantFrom<Attributes>({}, { ceil_mode: attribute.int(1) });

const averageOptions = fc
  .tuple(ceil, fc.boolean())
  .map(([rounded, counted]) => ({ ...rounded, count_include_pad: attribute.int(Number(counted)) }));

/** Windows side by side over all pixels, or over all but the last ones. */
const tiled = (op: string) =>
  uses(
    fc.tuple(
      small,
      small,
      fc.array(fc.tuple(small, small, fc.nat({ max: 1 })), { minLength: 1, maxLength: 2 }),
    ),
    ([batch, planes, sides]) => {
      const kernel = sides.map(([side]) => side + 1);
      return {
        dims: [[batch, planes, ...sides.map(([side, count, rest]) => (side + 1) * count + rest)]],
        elementType: 'float',
        build: ([x]: One) => [
          operation(op, [x], { kernel_shape: attribute.ints(kernel), strides: attribute.ints(kernel) }),
        ],
      };
    },
  );

const over = (op: string) =>
  uses(
    fc.tuple(small, small, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })),
    ([batch, planes, space]) => ({
      dims: [[batch, planes, ...space]],
      elementType: 'float',
      build: ([x]: One) => [operation(op, [x])],
    }),
  );

const depthToSpace = uses(
  fc.tuple(small, small, small, fc.constantFrom('DCR', 'CRD')),
  ([batch, planes, side, mode]) => ({
    dims: [[batch, planes * 4, side, 2]],
    build: ([x]: One) => [
      operation('DepthToSpace', [x], { blocksize: attribute.int(2), mode: attribute.string(mode) }),
    ],
  }),
);

const spaceToDepth = uses(fc.tuple(small, small, small), ([batch, planes, side]) => ({
  dims: [[batch, planes, side * 2, 4]],
  build: ([x]: One) => [operation('SpaceToDepth', [x], { blocksize: attribute.int(2) })],
}));

/** Uses of the operators that slide a window over space. */
export const windowCases: GradientCases = {
  Conv: fc.oneof(conv, wideConv),
  ConvTranspose: convTranspose,
  AveragePool: fc.oneof(pool('AveragePool', averageOptions), tiled('AveragePool')),
  MaxPool: fc.oneof(pool('MaxPool', ceil), tiled('MaxPool')),
  GlobalAveragePool: over('GlobalAveragePool'),
  GlobalMaxPool: over('GlobalMaxPool'),
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
