import * as ort from 'onnxruntime-node';
import { differentiate } from '../../jobs/autodiff/differentiate';
import { attribute, constant, input, int64s, operation, scalar } from '../../shared/onnx/build';
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
  /** Inputs whose sizes the operator has to know before the run. */
  readonly sized?: readonly number[];
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

function build({ dims, knowledge, sized = [], build: make, elementType = 'double' }: Drawn) {
  const told = (index: number) => shown[sized.includes(index) ? 'sizes' : knowledge];
  const inputs = dims.map((each, index) => input(`x${index}`, elementType, told(index)(each, index)));
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

type Point = readonly Float64Array[];

const along = (point: Point, direction: Point, scale: number): Point =>
  point.map((part, index) => part.map((x, at) => x + scale * (direction[index]?.[at] ?? 0)));

/** The graph of a case as a function of its inputs: the loss, and what our rules say its gradients are. */
class Measured {
  private readonly session: ort.InferenceSession;
  private readonly drawn: Drawn;

  private constructor(session: ort.InferenceSession, drawn: Drawn) {
    this.session = session;
    this.drawn = drawn;
  }

  static async load(drawn: Drawn): Promise<Measured> {
    const bytes = writeModel(model({ graph: build(drawn) }));
    const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4 });
    return new Measured(session, drawn);
  }

  async at(point: Point): Promise<{ loss: number; gradients: Point }> {
    const { dims, elementType = 'double' } = this.drawn;
    const feeds = point.map((part, index) => {
      const data = elementType === 'double' ? part : Float32Array.from(part);
      const type = elementType === 'double' ? 'float64' : 'float32';
      return [`x${index}`, new ort.Tensor(type, data, dims[index] ?? [])] as const;
    });
    const results = await this.session.run(Object.fromEntries(feeds));
    const gradients = dims.map((sizes, index) => {
      const found = results[`g${index}`];
      if (found?.dims.join() !== sizes.join()) {
        throw new Error(`gradient ${index} has the shape [${found?.dims}] where its input has [${sizes}]`);
      }
      return Float64Array.from(found.data, Number);
    });
    return { loss: Number(results.loss?.data[0]), gradients };
  }

  /** Slopes behind and ahead of a point along a direction. */
  async slopes(point: Point, direction: Point, step: number): Promise<readonly [number, number]> {
    const here = await this.at(point);
    const ahead = await this.at(along(point, direction, step));
    const behind = await this.at(along(point, direction, -step));
    return [(here.loss - behind.loss) / step, (ahead.loss - here.loss) / step];
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Steps and tolerances that rounding leaves room for. */
const precision = {
  double: { step: 1e-6, tolerance: 1e-5 },
  float: { step: 2e-3, tolerance: 2e-2 },
};

/** Compares at one random point, along one direction; false where the function has a kink too near to tell. */
async function agrees(measured: Measured, drawn: Drawn, random: () => number): Promise<boolean> {
  const { dims, range: [low, high] = [-2, 2], elementType = 'double' } = drawn;
  const { step, tolerance } = precision[elementType];
  const draw = (from: number, to: number): Point =>
    dims.map((sizes) =>
      Float64Array.from({ length: elementCount(sizes) }, () => from + (to - from) * random()),
    );
  const [point, direction] = [draw(low, high), draw(-1, 1)];
  const { gradients } = await measured.at(point);
  const parts = gradients.flatMap((gradient, index) =>
    Array.from(gradient, (part, at) => part * (direction[index]?.[at] ?? 0)),
  );
  const scale = 1 + parts.reduce((sum, part) => sum + Math.abs(part), 0);
  const [behind, ahead] = await measured.slopes(point, direction, step);
  if (Math.abs(behind - ahead) > tolerance * scale) return false;
  const found = parts.reduce((sum, part) => sum + part, 0);
  const slope = (behind + ahead) / 2;
  if (Math.abs(found - slope) <= tolerance * scale) return true;
  throw new Error(`the slope is ${slope}, our gradient says ${found}`);
}

/** Gradients by our rules against central differences, at random points along random directions. Throws where they part. */
export async function checkGradient(drawn: Drawn): Promise<void> {
  const random = randomNumbers(drawn.seed);
  const measured = await Measured.load(drawn);
  try {
    let compared = 0;
    for (let trial = 0; trial < 20 && compared < 3; trial++) {
      if (await agrees(measured, drawn, random)) compared++;
    }
    if (compared < 3) throw new Error('too rough a function to compare with differences');
  } finally {
    await measured.release();
  }
}

/** A literal list of int64, for axes, sizes and indices in cases. */
export const list = (values: readonly number[]): Value => constant(int64s(values));
