import { rowPicker } from '../../../jobs/training/batch-picker';
import {
  constantBytes,
  estimateMemory,
  peakBytes,
  refuseTooLarge,
} from '../../../jobs/training/estimate-memory';
import { mlpNetwork } from '../../../jobs/training/families/tabular';
import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { rowOfFloats } from '../../../jobs/training/row-type';
import { constantSchedule } from '../../../jobs/training/schedules';
import type { Training } from '../../../jobs/training/training-step';
import { mlpSpec } from '../../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { attribute, constant, floats, input, operation } from '../../../shared/onnx/build';
import { add, exp, matMul, multiply } from '../../../shared/onnx/expressions';

function setup(batchSize: number, hidden = 100): Training {
  const spec = mlpSpec.parse({ family: 'mlp', hidden_units: [hidden] });
  const schedule = constantSchedule(0.1);
  return {
    network: mlpNetwork(spec, { inputs: 50, outputs: 2 }),
    picker: rowPicker(rowOfFloats(50), softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'adam' }), schedule),
    schedule,
    batchSize,
    seed: 1,
  };
}

describe('the memory that training takes', () => {
  it('counts a tensor from where it is computed to where it is used last', () => {
    const given = input('x', 'float', [1000]);
    const first = exp(given);
    const second = exp(first);
    const third = exp(second);

    // a chain holds two at a time; what is used again at the end is held until then
    expect(peakBytes([third])).toBe(8000);
    expect(peakBytes([add(third, first)])).toBe(12_000);
    expect(peakBytes([multiply(given, given)])).toBe(4000);
  });

  it('holds weights and optimizer state twice, whatever the batch', () => {
    const weights = 50 * 100 + 100 + 100 * 2 + 2;

    const { state } = estimateMemory(setup(10), 0);
    const { state: ofMore } = estimateMemory(setup(1000), 0);

    expect(Math.abs(state - 2 * 3 * 4 * weights)).toBeLessThan(100);
    expect(ofMore).toBe(state);
  });

  it('grows with the batch as its activations do', () => {
    const [ten, hundred, thousand] = [10, 100, 1000].map((size) => estimateMemory(setup(size * 100), 0).step);

    const [less = 0, more = 0] = [(hundred ?? 0) - (ten ?? 0), (thousand ?? 0) - (hundred ?? 0)];
    expect(more / less).toBeCloseTo(10, 0);
  });

  it('counts what a graph has in it once for each graph, and in bodies too', () => {
    const frozen = constant(floats([50, 50], new Float32Array(2500)));
    const rows = input('rows', 'float', ['batch', 50]);
    const body = { name: 'body', inputs: [], outputs: [{ name: 'y', value: add(rows, frozen) }] };
    const both = operation('If', [input('which', 'bool', [])], {
      then_branch: attribute.graph(body),
      else_branch: attribute.graph({ ...body, name: 'other' }),
    });

    expect(constantBytes([add(both, frozen), frozen])).toBe(10_000);
  });

  it('counts frozen weights in every graph that has them, and what encodes rows ahead of training', () => {
    const training = setup(10);
    const frozen = constant(floats([50, 50], new Float32Array(2500)));
    const apply: Training['network']['apply'] = (rows, pass) =>
      training.network.apply(matMul(rows, frozen), pass);
    const withFrozen = { ...training, network: { ...training.network, apply } };
    const preprocessing = constant(floats([1000], new Float32Array(1000)));
    const plain = estimateMemory(training, 0).constants;

    const { constants: trained } = estimateMemory(withFrozen, 0);
    const { constants: scored } = estimateMemory(withFrozen, 0, { scores: true });
    const { constants: all } = estimateMemory(withFrozen, 0, { scores: true, preprocessing });

    expect(trained - plain).toBe(2 * 10_000);
    expect(scored - trained).toBeGreaterThanOrEqual(2 * 10_000);
    expect(all - scored).toBe(2 * 4000);
    expect(() => refuseTooLarge(estimateMemory(withFrozen, 0), withFrozen, 1)).toThrow(
      /1 MiB for what stays/,
    );
  });

  it('is refused beyond what the job may use, and told part by part', () => {
    const training = setup(1_000_000);
    const estimate = estimateMemory(training, 2 ** 30);

    expect(() => refuseTooLarge(estimate, training, 2 ** 31)).toThrow(
      /^training would take about [\d,]+ MiB \(\d+ MiB for weights and optimizer, [\d,]+ MiB for a step of 1000000 rows, 1,024 MiB for rows, 1 MiB for what stays as it is\), and the job may use 2,048 MiB; lower batch_size/,
    );
    expect(() => refuseTooLarge(estimate, training, 2 ** 40)).not.toThrow();
  });
});
