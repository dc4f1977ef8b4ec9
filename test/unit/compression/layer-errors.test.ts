import { measureLayerErrors } from '../../../jobs/compression/layer-errors';
import type { LayerDecision, Passed } from '../../../jobs/compression/pass';
import type { Samples } from '../../../jobs/compression/samples';
import { measureSensitivities } from '../../../jobs/compression/sensitivities';
import { attribute, floats, operation } from '../../../shared/onnx/build';
import type { Model } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { calibrated, openModel, samplesOf } from '../../support/calibrated';
import { mlpOf, noise, randomLayers } from '../../support/random-mlp';

const rows = 24;
const width = 24;

/** Four layers; one weight of the third is a hundred times as large as the others, so that one scale leaves them no steps. */
function setup() {
  const layers = randomLayers([width, 24, 24, 24, 12], { seed: 4, form: 'gemm' });
  const hard = layers.map((layer, at) =>
    at === 2 ? { ...layer, weights: layer.weights.map((weight, i) => (i === 5 ? 100 : weight)) } : layer,
  );
  const next = noise(8);
  const numbers = Float32Array.from({ length: rows * width }, () => next());
  const x = floats([rows, width], numbers);
  const given = mlpOf(hard);
  return {
    given,
    numbers,
    running: { samples: samplesOf({ x }), rows, open: openModel },
    quantized: (keep: readonly string[] = []) => calibrated(given, { x }, { perChannel: false, keep }),
  };
}

const worstOf = (errors: ReadonlyMap<string, number>) =>
  [...errors].toSorted(([, a], [, b]) => b - a)[0]?.[0];

/** As `quantized`, for a pass that has measured its ranges. */
const passOf = (quantized: (keep: readonly string[]) => Promise<Passed>) => (keep: readonly string[]) => ({
  name: 'int8_static',
  apply: () => quantized(keep),
});

describe('measuring how far layers are off', () => {
  it('finds the layer that loses most', async () => {
    const { given, running, quantized } = setup();
    const passed = await quantized();

    const errors = await measureLayerErrors({ ...running, before: given, passed });

    expect([...errors.keys()]).toEqual(['weight_0', 'weight_1', 'weight_2', 'weight_3']);
    expect(errors.get('weight_1')).toBeLessThan(0.02);
    expect(errors.get('weight_2')).toBeGreaterThan(3 * (errors.get('weight_1') ?? 1));
  });

  it('is the same whatever the batches', async () => {
    const { given, numbers, running, quantized } = setup();
    const passed = await quantized();
    const single: Samples = async function* () {
      for (let row = 0; row < rows; row++)
        yield {
          rows: 1,
          feeds: { x: floats([1, width], numbers.slice(row * width, (row + 1) * width)) },
        };
    };

    const errors = await measureLayerErrors({ ...running, samples: single, before: given, passed });

    const expected = await measureLayerErrors({ ...running, before: given, passed });
    for (const [layer, error] of errors) expect(error).toBeCloseTo(expected.get(layer) ?? Number.NaN, 4);
  });

  it('is nothing where nothing changed, and leaves out what stands in another graph', async () => {
    const { given, running, quantized } = setup();
    const { layers } = await quantized();
    const [first] = given.graph.outputs;
    const same = first && { before: first.value, after: first.value };
    const decisions: LayerDecision[] = [
      {
        layer: 'same',
        operator: 'Gemm',
        shape: [],
        bytesBefore: 4,
        bytesAfter: 1,
        ...(same ? { results: same } : {}),
      },
      ...layers,
    ];

    const errors = await measureLayerErrors({
      ...running,
      before: given,
      passed: { model: given, layers: decisions },
    });

    expect([...errors]).toEqual([['same', 0]]);
  });

  it('stops when told to', async () => {
    const { given, running, quantized } = setup();
    const passed = await quantized();

    const measured = measureLayerErrors({ ...running, before: given, passed, signal: AbortSignal.abort() });

    await expect(measured).rejects.toMatchObject({ name: 'InterruptedError' });
  });
});

describe('measuring how much the answers depend on each layer', () => {
  it('finds the layer that is better left in floats', async () => {
    const { given, running, quantized } = setup();
    const { layers } = await quantized();

    const errors = await measureSensitivities({
      ...running,
      model: given,
      layers,
      quantize: passOf(quantized),
      mostLayers: 10,
    });

    expect(errors.size).toBe(4);
    expect(worstOf(errors)).toBe('weight_2');
  });

  it('tries the largest layers where there are too many, and none that was to be kept', async () => {
    const { given, running, quantized } = setup();
    const { layers } = await quantized(['weight_1']);
    const keeps: (readonly string[])[] = [];

    const errors = await measureSensitivities({
      ...running,
      model: given,
      layers,
      quantize: passOf((keep) => {
        keeps.push(keep);
        return quantized(keep);
      }),
      mostLayers: 2,
    });

    expect([...errors.keys()]).toEqual(['weight_0', 'weight_2']);
    expect(keeps).toEqual([
      ['weight_1', 'weight_2', 'weight_3'],
      ['weight_0', 'weight_1', 'weight_3'],
    ]);
  });

  it('refuses a model that answers in no floats', async () => {
    const { given, running, quantized } = setup();
    const { layers } = await quantized();
    const [first] = given.graph.outputs;
    const label = operation('ArgMax', [first?.value], { axis: attribute.int(1) });
    const classifier: Model = model({ graph: { ...given.graph, outputs: [{ name: 'y', value: label }] } });

    const measured = measureSensitivities({
      ...running,
      model: classifier,
      layers,
      quantize: passOf(quantized),
      mostLayers: 1,
    });

    await expect(measured).rejects.toThrow(/gives no floats/);
  });

  it('refuses samples without rows', async () => {
    const { given, running, quantized } = setup();
    const { layers } = await quantized();

    const measured = measureSensitivities({
      ...running,
      samples: async function* () {},
      model: given,
      layers,
      quantize: passOf(quantized),
      mostLayers: 1,
    });

    await expect(measured).rejects.toThrow(/no rows to compare/);
  });

  it('stops when told to', async () => {
    const { given, running, quantized } = setup();
    const { layers } = await quantized();

    const measured = measureSensitivities({
      ...running,
      model: given,
      layers,
      quantize: passOf(quantized),
      mostLayers: 1,
      signal: AbortSignal.abort(),
    });

    await expect(measured).rejects.toMatchObject({ name: 'InterruptedError' });
  });
});
