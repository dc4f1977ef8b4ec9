import { measureRanges } from '../../../../jobs/compression/calibration/measure-ranges';
import { int8Static } from '../../../../jobs/compression/quantization/static/int8-static';
import { quantizationAware } from '../../../../jobs/compression/retraining/quantization-aware';
import { recover } from '../../../../jobs/compression/retraining/recover';
import { recoverySpec } from '../../../../shared/contracts/compression/step-spec';
import type { Model } from '../../../../shared/onnx/ir';
import { everyValue } from '../../../../shared/onnx/walk';
import {
  accuracyOn,
  digitClassifier,
  digitRows,
  digitSignature,
  withWeights,
} from '../../../support/digit-classifier';
import { sampleBench } from '../../../support/sample-bench';

const units = 32;
const rows = digitRows(60);
const heldOut = digitRows(40, 60);

/** Two units' weights many times as large, and what reads them as much smaller: the same answers, and one scale fits none. */
const withOutliers = (model: Model, factor: number): Model =>
  withWeights(model, (data, { name = '' }) => {
    const isOutlier = (unit: number) => unit % 16 === 0;
    const factors: Record<string, (place: number) => number> = {
      'hidden.weight': (place) => (isOutlier(place % units) ? factor : 1),
      'hidden.bias': (place) => (isOutlier(place) ? factor : 1),
      'output.weight': (place) => (isOutlier(Math.floor(place / 10)) ? 1 / factor : 1),
    };
    const factorAt = factors[name];
    return factorAt && data.map((weight, place) => weight * factorAt(place));
  });

async function setup() {
  const drawn = digitClassifier(units);
  const labelled = sampleBench({ original: drawn, signature: digitSignature, ...rows });
  const learning = recoverySpec.parse({
    epochs: 12,
    learning_rate: 0.005,
    label_fraction: 0.99,
    batch_size: 32,
  });
  const original = withOutliers(await recover(drawn, { bench: labelled, recovery: learning }), 100);
  const bench = sampleBench({ original, signature: digitSignature, feeds: rows.feeds });
  const { samples } = bench;
  if (samples === undefined) throw new Error('the bench has no samples');
  const ranges = await measureRanges(original, {
    method: 'minmax',
    percentile: 99.99,
    symmetric: false,
    rows: 256,
    samples,
    open: bench.open,
  });
  const settings = {
    ranges,
    perChannel: false,
    symmetric: true,
    symmetricActivations: false,
    reduceRange: true,
    keep: [],
  };
  return { original, bench, settings };
}

describe('quantizationAware', () => {
  it('wins back what static int8 lost by one scale for all channels', async () => {
    const { original, bench, settings } = await setup();
    const recovery = recoverySpec.parse({ epochs: 10, learning_rate: 0.002, batch_size: 32 });

    const without = await int8Static(settings).apply(original);
    const trained = await quantizationAware({ ...settings, bench, recovery }).apply(original);

    const [floats, rounded, aware] = await Promise.all(
      [original, without.model, trained.model].map((model) => accuracyOn(model, heldOut)),
    );
    const typesOf = ({ graph }: Model) =>
      everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
        value.kind === 'constant' ? [`${value.name}: ${value.tensor.elementType}`] : [],
      );
    expect(rounded).toBeLessThan((floats ?? 0) - 0.3);
    expect(aware).toBeGreaterThan((floats ?? 0) - 0.2);
    expect(typesOf(trained.model)).toEqual(typesOf(without.model));
    const [known, made] = [original, trained.model].map(
      ({ graph }) => new Set(everyValue(graph.outputs.map(({ value }) => value))),
    );
    expect(
      trained.layers.map(({ results }) => results && [known?.has(results.before), made?.has(results.after)]),
    ).toEqual([
      [true, true],
      [true, true],
    ]);
  });
});
