import type { Model, Value } from '../../shared/onnx/ir';
import { everyValue } from '../../shared/onnx/walk';
import { eachPart } from './calibration/each-part';
import { groupByBytes } from './calibration/group-by-bytes';
import type { Running } from './calibration/measure-values';
import { observe } from './observe';
import type { Passed } from './pass';
import { addDeviation, type Deviation, noDeviation, relativeError } from './relative-error';

/** A layer's result before and after a pass. */
interface Pair {
  readonly layer: string;
  readonly before: Value;
  readonly after: Value;
}

export interface Compared extends Running {
  /** The model that the pass was given. */
  readonly before: Model;
  readonly passed: Passed;
}

/**
 * For each layer that a pass has compressed, how far its results are from what they were: norm of the difference over norm of
 * what was, over some rows, one bounded part after the other. Both models read the same rows, so that a layer's error has
 * those of the layers ahead of it in it. Layers whose results cannot be compared are left out.
 */
export async function measureLayerErrors(compared: Compared): Promise<ReadonlyMap<string, number>> {
  const errors = new Map<string, number>();
  for (const pairs of groupByBytes(comparablePairs(compared), ({ before }) => before)) {
    const deviations = await deviationsOf(pairs, compared);
    for (const [layer, deviation] of deviations) errors.set(layer, relativeError(deviation));
  }
  return errors;
}

const valuesOf = ({ graph }: Model): ReadonlySet<Value> =>
  new Set(everyValue(graph.outputs.map(({ value }) => value)));

/** Results of passes before this one stand in other graphs. */
function comparablePairs({ before: given, passed }: Compared): readonly Pair[] {
  const [known, made] = [valuesOf(given), valuesOf(passed.model)];
  return passed.layers.flatMap(({ layer, results }) =>
    results !== undefined && known.has(results.before) && made.has(results.after)
      ? [{ layer, ...results }]
      : [],
  );
}

async function deviationsOf(
  pairs: readonly Pair[],
  { before: given, passed, open, ...rows }: Compared,
): Promise<ReadonlyMap<string, Deviation>> {
  const was = observe(
    given,
    pairs.map(({ before }) => before),
  );
  const is = observe(
    passed.model,
    pairs.map(({ after }) => after),
  );
  const deviations = new Map<string, Deviation>();
  const sessions = [await open(was.model), await open(is.model)] as const;
  try {
    await eachPart(rows, sessions[0].inputs, async ({ feeds }) => {
      const [old, recent] = [await sessions[0].run(feeds), await sessions[1].run(feeds)];
      for (const { layer, before, after } of pairs) {
        const [x, y] = [old[was.names.get(before) ?? ''], recent[is.names.get(after) ?? '']];
        if (x?.data.length !== y?.data.length || x === undefined || y === undefined) continue;
        deviations.set(layer, addDeviation(deviations.get(layer) ?? noDeviation, x, y));
      }
      return [...Object.values(old), ...Object.values(recent)];
    });
  } finally {
    for (const session of sessions) await session.dispose();
  }
  return deviations;
}
