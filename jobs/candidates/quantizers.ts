import type { StepName, StepOf, StepSpec } from '../../shared/contracts/compression/step-spec';
import { UnusableDataError } from '../../shared/errors/job-errors';
import type { Model } from '../../shared/onnx/ir';
import { measureRanges } from '../compression/calibration/measure-ranges';
import type { Ranges } from '../compression/calibration/range';
import type { Pass } from '../compression/pass';
import { int8Dynamic } from '../compression/quantization/dynamic/int8-dynamic';
import { float16 } from '../compression/quantization/float16';
import { int8Static, type StaticSettings } from '../compression/quantization/static/int8-static';
import { weightOnly } from '../compression/quantization/weight-only/weight-only';
import type { Samples } from '../compression/samples';
import type { Workbench } from '../compression/workbench';
import type { StepTools } from './step-tools';

/** A pass over all layers but those that stay in floats. */
export type Quantizer = (keep: readonly string[]) => Pass;

/** A quantizer of a model, once what it must know of data is measured. */
type MakeQuantizer<N extends StepName> = (
  step: StepOf<N>,
  model: Model,
  tools: StepTools,
) => Promise<Quantizer>;

type StaticForm = Omit<StaticSettings, 'keep' | 'storedWeights'>;

/** Rows to calibrate on and learn from. */
export function samplesOf({ samples }: Workbench): Samples {
  if (samples !== undefined) return samples;
  throw new UnusableDataError(
    'there are no rows to calibrate on or to learn from: give a data set',
    'no_rows_to_learn_from',
  );
}

const reduced = (
  { reduce_range: asked }: { reduce_range?: boolean | undefined },
  { order }: StepTools,
): boolean => asked ?? order.reduceRange;

/** Where the activations of a model go. */
const rangesFor = (
  { calibration: { method, percentile, rows }, symmetric_activations: symmetric }: StaticStep,
  model: Model,
  { bench }: StepTools,
): Promise<Ranges> =>
  measureRanges(model, {
    samples: samplesOf(bench),
    rows,
    method,
    percentile,
    symmetric,
    open: bench.open,
    signal: bench.signal,
  });

type StaticStep = StepOf<'int8_static'> | StepOf<'quantization_aware'>;

/** How static int8 is done, with the ranges of this very model. */
export async function staticForm(step: StaticStep, model: Model, tools: StepTools): Promise<StaticForm> {
  const { per_channel: perChannel, symmetric, symmetric_activations: symmetricActivations } = step;
  const ranges = await rangesFor(step, model, tools);
  return { ranges, perChannel, symmetric, symmetricActivations, reduceRange: reduced(step, tools) };
}

/** Steps that do each layer for itself, so that some may be left out. */
type QuantizerName = 'int8_dynamic' | 'int8_static' | 'weight_only' | 'float16';

const makers: { readonly [N in QuantizerName]: MakeQuantizer<N> } = {
  int8_dynamic: async (step, _, tools) => (keep) =>
    int8Dynamic({ ...step, keep: [...keep], eachRow: step.each_row, reduceRange: reduced(step, tools) }),
  int8_static: async (step, model, tools) => {
    const form = await staticForm(step, model, tools);
    return (keep) => int8Static({ ...form, keep });
  },
  weight_only: async (step) => (keep) => weightOnly({ ...step, keep: [...keep] }),
  float16: async () => (keep) => float16({ keep: [...keep] }),
};

export type QuantizerStep = StepOf<QuantizerName>;

/** Whether a step does each layer for itself. */
export const isQuantizer = (step: StepSpec): step is QuantizerStep => Object.hasOwn(makers, step.name);

/** What a step does to a model, with the layers that are to stay in floats still open. */
export const quantizerOf = <N extends QuantizerName>(
  name: N,
  { step, model, tools }: { step: StepOf<N>; model: Model; tools: StepTools },
): Promise<Quantizer> => makers[name](step, model, tools);
