import type { Model, Tensor, Value } from '../../../shared/onnx/ir';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { observe } from '../observe';
import { eachPart, type Rows } from './each-part';
import { groupByBytes } from './group-by-bytes';

/** How a model is run over samples. */
export interface Running extends Rows {
  /** The session is disposed of here. */
  readonly open: (model: Model) => Promise<ModelSession>;
}

/** The results of one value on some rows; `before` rows came ahead of them. */
export type Consume = (value: Value, results: Tensor, before: number) => void;

/**
 * Runs a model over samples and hands the results of values of its inside on, part by part; how many rows there were. Memory
 * does not grow with the samples: few rows are run at once, and of models with many or large values one group of them after
 * the other. `UnusableDataError` where a feed is NaN or infinite; `InterruptedError` where the signal says so.
 */
export async function measureValues(
  model: Model,
  values: readonly Value[],
  running: Running,
  consume: Consume,
): Promise<number> {
  let rows = 0;
  for (const group of groupByBytes(values, (value) => value))
    rows = await measureGroup(model, group, running, consume);
  return rows;
}

async function measureGroup(
  model: Model,
  values: readonly Value[],
  running: Running,
  consume: Consume,
): Promise<number> {
  const { model: observed, names } = observe(model, values);
  const session = await running.open(observed);
  try {
    return await eachPart(running, session.inputs, async ({ feeds }, before) => {
      const results = await session.run(feeds);
      for (const [value, name] of names) {
        const tensor = results[name];
        if (tensor !== undefined) consume(value, tensor, before);
      }
      return Object.values(results);
    });
  } finally {
    await session.dispose();
  }
}
