import * as ort from 'onnxruntime-node';
import { differentiate } from '../../jobs/autodiff/differentiate';
import { attribute, constant, input, int64s, operation, scalar, tensor } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import { add, castTo, multiply, reshape } from '../../shared/onnx/expressions';
import type { Dimension, ElementType, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { verifyGraph } from '../../shared/onnx/verify';
import { writeModel } from '../../shared/onnx/write-model';

/** How much a graph is told about its inputs' shapes. */
export type Knowledge = 'sizes' | 'names' | 'rank';

export interface GradientCase {
  readonly dims: readonly (readonly number[])[];
  /** The outputs of the operator under test. */
  readonly build: (inputs: readonly Value[]) => readonly Value[];
  /** Where values are drawn; [-2, 2] without it. */
  readonly range?: readonly [number, number];
  /** Double unless the runtime has the operator in float only. */
  readonly elementType?: 'float' | 'double';
}

interface Drawn extends GradientCase {
  readonly seed: number;
  readonly knowledge: Knowledge;
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const shown: Record<Knowledge, (dims: readonly number[], index: number) => readonly Dimension[]> = {
  sizes: (dims) => dims,
  names: (dims, index) => dims.map((_, axis) => `size_${index}_${axis}`),
  rank: (dims) => dims.map(() => undefined),
};

/** Sum of all elements, each with a weight of its own, so that no gradient is the same everywhere. */
function weightedSum(value: Value, elementType: ElementType): Value {
  const count = operation('Size', [value]);
  const range = operation('Range', [constant(scalar(0, 'int64')), count, constant(scalar(1, 'int64'))]);
  const mixed = operation('Mod', [
    multiply(range, constant(scalar(37, 'int64'))),
    constant(scalar(11, 'int64')),
  ]);
  const weights = castTo(add(mixed, constant(scalar(1, 'int64'))), elementType);
  const weighted = multiply(value, reshape(weights, operation('Shape', [value])));
  return operation('ReduceSum', [weighted], { keepdims: attribute.int(0) });
}

function build({ dims, knowledge, build: make, elementType = 'double' }: Drawn) {
  const inputs = dims.map((each, index) => input(`x${index}`, elementType, shown[knowledge](each, index)));
  const outputs = make(inputs);
  const loss = outputs.map((each) => weightedSum(each, elementType)).reduce(add);
  const gradients = differentiate(loss, inputs);
  const graph = {
    name: 'gradient',
    inputs,
    outputs: [
      { name: 'loss', value: loss },
      ...gradients.map((value, index) => ({ name: `g${index}`, value })),
    ],
  };
  verifyGraph(graph);
  return graph;
}

type Numbers = readonly Float64Array[];

/** Gradients by our rules against central differences, along random directions. Throws where they part. */
export async function checkGradient(drawn: Drawn): Promise<void> {
  const { dims, seed, range: [low, high] = [-2, 2], elementType = 'double' } = drawn;
  const random = randomNumbers(seed);
  const bytes = writeModel(model({ graph: build(drawn) }));
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  const run = (points: Numbers) => {
    const feeds = points.map((point, index) => {
      const data = elementType === 'double' ? point : Float32Array.from(point);
      const { dims: sizes } = tensor(elementType, dims[index] ?? [], data);
      return [
        `x${index}`,
        new ort.Tensor(elementType === 'double' ? 'float64' : 'float32', data, sizes),
      ] as const;
    });
    return session.run(Object.fromEntries(feeds));
  };
  const points = dims.map((each) =>
    Float64Array.from({ length: elementCount(each) }, () => low + (high - low) * random()),
  );
  const results = await run(points);
  const gradients = dims.map((each, index) => {
    const found = results[`g${index}`];
    if (found?.dims.join() !== each.join())
      throw new Error(`gradient ${index} has shape [${found?.dims}], not [${each}]`);
    return Float64Array.from(found.data as Float64Array);
  });
  const step = elementType === 'double' ? 1e-6 : 2e-3;
  const tolerance = elementType === 'double' ? 1e-5 : 2e-2;
  for (let trial = 0; trial < 3; trial++) {
    const direction = points.map((point) => point.map(() => 2 * random() - 1));
    const at = async (scale: number) => {
      const moved = points.map((point, index) =>
        point.map((x, at) => x + scale * (direction[index]?.[at] ?? 0)),
      );
      return Number((await run(moved)).loss?.data[0]);
    };
    const expected = ((await at(step)) - (await at(-step))) / (2 * step);
    let found = 0;
    let size = 1;
    gradients.forEach((gradient, index) => {
      gradient.forEach((part, at) => {
        found += part * (direction[index]?.[at] ?? 0);
        size += Math.abs(part * (direction[index]?.[at] ?? 0));
      });
    });
    if (!(Math.abs(found - expected) <= tolerance * size)) {
      await session.release();
      throw new Error(`the slope is ${expected}, our gradient says ${found}`);
    }
  }
  await session.release();
}

/** A literal list of int64, for axes, sizes and indices in cases. */
export const list = (values: readonly number[]): Value => constant(int64s(values));
