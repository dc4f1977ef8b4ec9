import { UnusableDataError } from '../../../shared/errors/job-errors';
import type { Model, Value } from '../../../shared/onnx/ir';
import { layerNames } from '../layer-names';
import { planStatic } from '../quantization/static/plan-static';
import { checkActivation } from './check-numbers';
import { type Cut, cutRange } from './cut-range';
import { countInto, emptyHistogram, type Histogram } from './histogram';
import { measureValues, type Running } from './measure-values';
import type { Ranges } from './range';

export interface Calibration extends Running, Cut {}

/** The values whose ranges static quantization asks for, whichever layers it is told to keep. */
function valuesToMeasure(model: Model): readonly Value[] {
  return planStatic(model, new Set()).sources.filter(({ kind }) => kind !== 'constant');
}

/**
 * From where to where activations of a model go on some rows, for those that static quantization rounds. Counts and extremes
 * are all that is held of the rows; neither their order nor their batches change the result. `UnusableDataError` where there
 * are no rows, and names the row where a feed or an activation is NaN or infinite.
 */
export async function measureRanges(model: Model, calibration: Calibration): Promise<Ranges> {
  const values = valuesToMeasure(model);
  const names = layerNames(model.graph);
  const histograms = new Map<Value, Histogram>(values.map((value) => [value, emptyHistogram()]));
  const rows = await measureValues(model, values, calibration, (value, results, before) => {
    checkActivation(nameOf(value, names), results, before);
    const known = histograms.get(value);
    if (known !== undefined && results.data instanceof Float32Array)
      histograms.set(value, countInto(known, results.data));
  });
  if (rows === 0 && values.length > 0)
    throw new UnusableDataError('there are no rows to measure ranges of activations on; give some');
  return new Map([...histograms].map(([value, histogram]) => [value, cutRange(histogram, calibration)]));
}

function nameOf(value: Value, names: ReturnType<typeof layerNames>): string {
  if (value.kind === 'operation') return names.get(value) ?? value.op;
  if (value.kind === 'projection') return names.get(value.of) ?? value.of.op;
  return value.name ?? value.kind;
}
