import { constant } from '../../../shared/onnx/build';
import type { ConstantValue, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';
import { type Cleaned, type CleaningPass, type CleaningTools, replaceIn } from './cleaning-pass';
import { type ConstantCone, constantCones, tensorSize } from './constant-cones';

const resultName = (at: number): string => `result_${at}`;

/** The cones alone as a model, for the runtime to compute. */
const modelOf = (model: Model, cones: readonly ConstantCone[]): Model => {
  const outputs = cones.map(({ value }, at) => ({ name: resultName(at), value }));
  return { ...model, graph: { name: 'constants', inputs: [], outputs } };
};

async function run(model: Model, { runtime, signal }: CleaningTools): Promise<Record<string, Tensor>> {
  signal.throwIfAborted();
  const session = await runtime.load(writeModel(model), { threads: 1 });
  try {
    return await session.run({});
  } finally {
    await session.dispose();
  }
}

/**
 * The results of all cones in one session. Where that fails, one of them cannot be computed (in a branch that is never taken, it
 * need not be): the halves are tried each by itself, and those that fail alone have no result.
 */
async function evaluate(
  model: Model,
  cones: readonly ConstantCone[],
  tools: CleaningTools,
): Promise<ReadonlyMap<Value, Tensor>> {
  if (cones.length === 0) return new Map();
  try {
    const results = await run(modelOf(model, cones), tools);
    return new Map(
      cones.flatMap(({ value }, at) => {
        const found = results[resultName(at)];
        return found === undefined ? [] : [[value, found] as const];
      }),
    );
  } catch {
    tools.signal.throwIfAborted();
    if (cones.length === 1) return new Map();
    const half = Math.ceil(cones.length / 2);
    const [left, right] = [cones.slice(0, half), cones.slice(half)];
    return new Map([...(await evaluate(model, left, tools)), ...(await evaluate(model, right, tools))]);
  }
}

/** The weight that a result took most of its elements from gives it its name. */
function nameOf({ leaves }: ConstantCone): string | undefined {
  const named = leaves.filter(({ name }) => name !== undefined);
  const [largest] = named.sort((a, b) => b.tensor.data.length - a.tensor.data.length);
  return largest?.name;
}

/** Sizes of some results are known only once others are. */
async function foldOnce(model: Model, tools: CleaningTools): Promise<Cleaned> {
  const cones = constantCones(model.graph);
  const results = await evaluate(model, cones, tools);
  const folded = new Map<Value, ConstantValue>();
  for (const cone of cones) {
    const tensor = results.get(cone.value);
    if (tensor !== undefined && tensorSize(tensor) <= cone.mostBytes)
      folded.set(cone.value, constant(tensor, nameOf(cone)));
  }
  return folded.size === 0 ? { model, changes: 0 } : replaceIn(model, (value) => folded.get(value));
}

/**
 * Computes what rests on constants alone, all of it in one session of the runtime that will run the model, so that the numbers
 * are those that it would have come to. Left as they are: what draws random numbers, what holds bodies, decoded weights
 * (DequantizeLinear is how they stay small), and results larger than what they save, by more than a kilobyte.
 */
export const foldConstants = {
  name: 'fold_constants',
  async apply(model: Model, tools: CleaningTools): Promise<Cleaned> {
    let [cleaned, changes] = [model, 0];
    for (let round = await foldOnce(model, tools); round.changes > 0; ) {
      [cleaned, changes] = [round.model, changes + round.changes];
      round = await foldOnce(cleaned, tools);
    }
    return { model: cleaned, changes };
  },
} satisfies CleaningPass;
