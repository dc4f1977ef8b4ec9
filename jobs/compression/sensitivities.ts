import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import { InterruptedError, UnusableDataError } from '../../shared/errors/job-errors';
import type { Model, Tensor } from '../../shared/onnx/ir';
import { elementTypeOf } from '../../shared/onnx/shapes';
import type { Running } from './calibration/measure-values';
import type { LayerDecision, Pass } from './pass';
import { addDeviation, type Deviation, noDeviation, relativeError } from './relative-error';

export interface Sensitive extends Running {
  readonly model: Model;
  /** What a pass did to the model's layers: those that it compressed are tried. */
  readonly layers: readonly LayerDecision[];
  /** A pass that keeps these layers in floats. */
  readonly quantize: (keep: readonly string[]) => Pass;
  /** How many layers are tried, the largest first. */
  readonly mostLayers: number;
}

/**
 * For each layer how far the model's answers are off where that layer alone is compressed: norm of the difference over norm of
 * what they were, over all outputs of floats. What is held is the answers to the rows. `UnsuitableModelError` where a model
 * answers in no floats; `UnusableDataError` where there are no rows.
 */
export async function measureSensitivities(sensitive: Sensitive): Promise<ReadonlyMap<string, number>> {
  const { model, quantize, layers, mostLayers } = sensitive;
  const compressed = layers.filter(({ kept }) => kept === undefined);
  const names = layers.map(({ layer }) => layer);
  const tried = compressed.toSorted((a, b) => b.bytesBefore - a.bytesBefore).slice(0, mostLayers);
  const outputs = floatOutputs(model);
  const answers: Answers[] = [];
  await eachAnswer(model, { ...sensitive, outputs }, (answer) => answers.push(answer));
  if (answers.length === 0) throw new UnusableDataError('there are no rows to compare answers on; give some');
  const errors = new Map<string, number>();
  for (const { layer } of tried) {
    const { model: changed } = await quantize(names.filter((name) => name !== layer)).apply(model);
    let deviation = noDeviation;
    await eachAnswer(changed, { ...sensitive, outputs }, (answer, at) => {
      deviation = compared(deviation, answers[at] ?? {}, answer);
    });
    errors.set(layer, relativeError(deviation));
  }
  return errors;
}

type Answers = Readonly<Record<string, Tensor>>;

function floatOutputs({ graph }: Model): readonly string[] {
  const names = graph.outputs.flatMap(({ name, value }) => (elementTypeOf(value) === 'float' ? [name] : []));
  if (names.length > 0) return names;
  throw new UnsuitableModelError('the model gives no floats: how far its answers are off cannot be measured');
}

async function eachAnswer(
  model: Model,
  { samples, rows, open, signal, outputs }: Running & { readonly outputs: readonly string[] },
  take: (answer: Answers, at: number) => void,
): Promise<void> {
  const session = await open(model);
  let at = 0;
  try {
    for await (const { feeds } of samples({ mostRows: rows })) {
      if (signal?.aborted) throw new InterruptedError('the job was told to stop');
      take(await session.run(feeds, outputs), at++);
    }
  } finally {
    await session.dispose();
  }
}

const compared = (sum: Deviation, was: Answers, is: Answers): Deviation =>
  Object.entries(was).reduce((deviation, [name, tensor]) => {
    const other = is[name];
    return other === undefined ? deviation : addDeviation(deviation, tensor, other);
  }, sum);
