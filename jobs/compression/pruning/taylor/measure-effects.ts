import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { MissingGradientError } from '../../../../shared/errors/graph-errors';
import { multiply } from '../../../../shared/onnx/expressions';
import type { Graph, Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { model as modelOf } from '../../../../shared/onnx/model';
import type { ModelSession } from '../../../../shared/ports/model-runtime';
import type { Gradient } from '../../../autodiff/gradient-rules/gradient-rule';
import { pullBack } from '../../../autodiff/pull-back';
import type { SampleBatch, Samples } from '../../samples';
import { drawnChanges } from './drawn-changes';

/** Rows to learn the importance of parts from, and what runs the model over them. */
export interface TaylorData {
  readonly samples: Samples;
  readonly rows: number;
  /** A session that is disposed of here. */
  readonly open: (model: Model) => Promise<ModelSession>;
  readonly signal: AbortSignal;
  readonly seed: number;
  /** How often each batch is drawn for: more is steadier, and takes as much longer. */
  readonly draws?: number;
}

/** Something that a model could do without: to first order, its answers change by the gradient times this. */
export interface Part {
  /** What gradients are taken with respect to. */
  readonly at: Value;
  /** What would be lost there: the value itself, where all of it would. */
  readonly loss: Value;
  /** What is given out of the product: sums, for one. */
  readonly reduce: (product: Value) => Value;
}

/** What is measured, and who is told of it: effects by the part's place in the list. */
interface Effects {
  readonly parts: readonly Part[];
  readonly consume: (effects: ReadonlyMap<number, Tensor>) => void;
}

const defaultDraws = 4;

function gradientsAt(graph: Graph, parts: readonly Part[], seed: number): readonly Gradient[] {
  try {
    return pullBack(
      drawnChanges(graph, seed),
      parts.map(({ at }) => at),
      true,
    );
  } catch (cause) {
    if (!(cause instanceof MissingGradientError)) throw cause;
    throw new UnsuitableModelError(
      `importance by gradients cannot be measured, for ${cause.message}: take that by magnitude`,
    );
  }
}

/** A model that gives out, for each part that matters at all, what its answers change by without it. */
function effectModel(
  model: Model,
  parts: readonly Part[],
  seed: number,
): { model: Model; names: Map<string, number> } {
  const gradients = gradientsAt(model.graph, parts, seed);
  const names = new Map<string, number>();
  const outputs = parts.flatMap(({ loss, reduce }, index) => {
    const gradient = gradients[index];
    if (gradient === undefined) return [];
    names.set(`effect_${index}`, index);
    return [{ name: `effect_${index}`, value: reduce(multiply(gradient, loss)) }];
  });
  const graph = { ...model.graph, outputs };
  return { model: modelOf({ graph, opsets: model.opsets }), names };
}

const feedsOf = ({ feeds }: SampleBatch, { inputs }: ModelSession): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.some((input) => input.name === name)));

/**
 * Runs a model forwards and backwards over samples and hands on what each part changed, by its place in the list, once for each
 * batch and draw; nothing of parts on which no answer depends. `UnsuitableModelError` where an operator on the way has no gradient; those ahead of the
 * parts, strings and tables for one, need none.
 */
export async function measureEffects(
  model: Model,
  { samples, rows, open, signal, seed, draws = defaultDraws }: TaylorData,
  { parts, consume }: Effects,
): Promise<void> {
  const { model: effects, names } = effectModel(model, parts, seed);
  if (names.size === 0) return;
  const session = await open(effects);
  try {
    for await (const batch of samples({ mostRows: rows })) {
      for (let draw = 0; draw < draws; draw++) {
        signal.throwIfAborted();
        const found = await session.run(feedsOf(batch, session));
        const heard = [...names].flatMap(([name, part]) => {
          const effect = found[name];
          return effect === undefined ? [] : [[part, effect] as const];
        });
        consume(new Map(heard));
      }
    }
  } finally {
    await session.dispose();
  }
}
