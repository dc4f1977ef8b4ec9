import fc from 'fast-check';
import { rowPicker } from '../../../jobs/training/batch-picker';
import { decodeCheckpoint, encodeCheckpoint } from '../../../jobs/training/checkpoint';
import { linearNetwork } from '../../../jobs/training/families/tabular';
import { batchFeeds, stepSizes } from '../../../jobs/training/loop-feeds';
import { squaredError } from '../../../jobs/training/losses/squared-error';
import { scaleByLearningRate } from '../../../jobs/training/optimizers/scale-by-learning-rate';
import { rowOfFloats } from '../../../jobs/training/row-type';
import { constantSchedule } from '../../../jobs/training/schedules';
import { shuffledOrder } from '../../../jobs/training/training-rows';
import type { TrainingState } from '../../../jobs/training/training-state';
import type { Training } from '../../../jobs/training/training-step';
import { floats, tensor } from '../../../shared/onnx/build';

const values = fc.float32Array({ minLength: 1, maxLength: 20 });
const tensors = fc.array(
  values.map((data) => floats([data.length], data)),
  { minLength: 1, maxLength: 4 },
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const record = fc.record({
  epoch: fc.nat(),
  step: fc.nat(),
  training_loss: finite,
  learning_rate: finite,
  seconds: finite,
  rows_per_second: finite,
  metrics: fc.dictionary(fc.string(), finite),
});

const state: fc.Arbitrary<TrainingState> = fc
  .record({
    parameters: tensors,
    statistics: fc.array(
      values.map((data) => floats([data.length], data)),
      { maxLength: 2 },
    ),
    averaged: fc.boolean(),
    steps: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    step: fc.nat(),
    stepInEpoch: fc.nat(),
    lossSum: finite,
    rowsDone: fc.nat(),
    learningRate: finite,
    seconds: finite,
    history: fc.array(record, { maxLength: 3 }),
    bestLoss: fc.option(finite),
  })
  .map(({ parameters, statistics, averaged, steps, bestLoss, ...rest }) => ({
    ...rest,
    epoch: rest.history.length,
    tensors: {
      parameters,
      statistics,
      optimizer: [tensor('int64', [], [steps]), ...parameters],
      averages: averaged ? parameters : [],
    },
    ...(bestLoss === null ? {} : { best: { epoch: 0, loss: bestLoss, weights: { parameters, statistics } } }),
  }));

function linearTraining(batchSize: number): Training {
  const schedule = constantSchedule(1);
  return {
    network: linearNetwork({ inputs: 1, outputs: 1 }),
    picker: rowPicker(rowOfFloats(1), squaredError.targets),
    loss: squaredError,
    optimizer: scaleByLearningRate(schedule),
    schedule,
    batchSize,
    seed: 0,
  };
}

describe('a checkpoint', () => {
  it('gives back exactly the state that was saved', () => {
    fc.assert(
      fc.property(state, (saved) => {
        const files = encodeCheckpoint(saved, 'print');

        const read = decodeCheckpoint(files, 'print', saved.tensors);

        // JSON has no negative zero
        expect(JSON.stringify(read?.history)).toBe(JSON.stringify(saved.history));
        expect(read?.tensors).toEqual(saved.tensors);
        expect(read?.best?.weights).toEqual(saved.best?.weights);
        expect([read?.step, read?.stepInEpoch]).toEqual([saved.step, saved.stepInEpoch]);
      }),
    );
  });

  it('is none where fingerprint, shapes or files differ', () => {
    fc.assert(
      fc.property(state, (saved) => {
        const files = encodeCheckpoint(saved, 'print');
        const cut = { ...files, 'state.bin': (files['state.bin'] ?? new Uint8Array(0)).slice(1) };
        const garbled = { ...files, 'training.json': new TextEncoder().encode('{"format":1') };

        const read = [
          decodeCheckpoint(files, 'other', saved.tensors),
          decodeCheckpoint(cut, 'print', saved.tensors),
          decodeCheckpoint(garbled, 'print', saved.tensors),
          decodeCheckpoint({}, 'print', saved.tensors),
        ];

        expect(read).toEqual([undefined, undefined, undefined, undefined]);
      }),
    );
  });
});

describe('an epoch', () => {
  it('has every row once, in an order that seed and epoch decide', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(2 ** 31), fc.nat(1000), (rows, seed, epoch) => {
        const order = shuffledOrder(rows, seed, epoch);

        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
        expect(shuffledOrder(rows, seed, epoch)).toEqual(order);
        if (rows > 50) expect(shuffledOrder(rows, seed, epoch + 1)).not.toEqual(order);
      }),
    );
  });

  it('is fed whole however it is cut into calls, padding at weight 0', () => {
    const cuts = fc.record({
      rows: fc.integer({ min: 1, max: 100 }),
      batchSize: fc.integer({ min: 1, max: 20 }),
      steps: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(cuts, ({ rows, batchSize, steps }) => {
        const chunk = {
          rows,
          features: floats([rows, 1], new Float32Array(rows)),
          targets: floats([rows], new Float32Array(rows)),
          order: shuffledOrder(rows, 1, 0),
        };
        const training = linearTraining(batchSize);
        const batches = Math.ceil(rows / batchSize);

        const fed: number[] = [];
        const sizes: number[] = [];
        for (let from = 0; from < batches; from += steps) {
          const range = { from, steps: Math.min(steps, batches - from), stepsDone: from };
          const { indices, weights } = batchFeeds(chunk, training, range);
          for (const [place, weight] of Array.from(weights?.data ?? [], Number).entries())
            if (weight === 1) fed.push(Number(indices?.data[place]));
          sizes.push(...stepSizes(chunk, training, range));
        }

        expect(fed).toEqual([...chunk.order]);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(rows);
      }),
    );
  });
});
