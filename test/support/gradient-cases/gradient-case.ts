import fc from 'fast-check';
import { operation } from '../../../shared/onnx/build';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import type { GradientCase } from '../check-gradient';

/** Random uses of each operator, by name. */
export type GradientCases = Readonly<Record<string, fc.Arbitrary<GradientCase>>>;

export const size = fc.integer({ min: 1, max: 4 });

export const shape = (minimum: number, maximum: number): fc.Arbitrary<number[]> =>
  fc.array(size, { minLength: minimum, maxLength: maximum });

/** A shape and an axis of it, counted from either end. */
export const shapeAndAxis = (minimum: number, maximum: number) =>
  shape(minimum, maximum).chain((dims) =>
    fc.record({ dims: fc.constant(dims), axis: fc.integer({ min: -dims.length, max: dims.length - 1 }) }),
  );

/** Two shapes that broadcast to each other: some sizes are 1, some leading ones missing. */
const broadcastShapes: fc.Arbitrary<[number[], number[]]> = shape(0, 3).chain((dims) =>
  fc.tuple(narrowed(dims), narrowed(dims)),
);

export const narrowed = (dims: readonly number[]): fc.Arbitrary<number[]> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: dims.length }),
      fc.array(fc.boolean(), { minLength: dims.length, maxLength: dims.length }),
    )
    .map(([dropped, ones]) => dims.map((each, axis) => (ones[axis] ? 1 : each)).slice(dropped));

interface Options {
  readonly attributes?: fc.Arbitrary<Attributes>;
  readonly range?: readonly [number, number];
  readonly elementType?: 'float';
  readonly domain?: string;
}

const spread = ({ range, elementType }: Options) => ({
  ...(range === undefined ? {} : { range }),
  ...(elementType === undefined ? {} : { elementType }),
});

/** An operator of one input, in any shape. */
export const pointwise = (op: string, options: Options = {}): fc.Arbitrary<GradientCase> =>
  fc.tuple(shape(0, 3), options.attributes ?? fc.constant({})).map(([dims, attributes]) => ({
    dims: [dims],
    build: ([x]: readonly Value[]) => [operation(op, [x], attributes, { domain: options.domain ?? '' })],
    ...spread(options),
  }));

/** An operator of two inputs that broadcast. */
export const pairwise = (op: string, options: Options = {}): fc.Arbitrary<GradientCase> =>
  fc.tuple(broadcastShapes, options.attributes ?? fc.constant({})).map(([dims, attributes]) => ({
    dims,
    build: (inputs: readonly Value[]) => [operation(op, inputs, attributes)],
    ...spread(options),
  }));

/** Cases of one operator that differ in their inputs' shapes and attributes. */
export const uses = <T>(
  drawn: fc.Arbitrary<T>,
  make: (drawn: T) => GradientCase,
): fc.Arbitrary<GradientCase> => drawn.map(make);
