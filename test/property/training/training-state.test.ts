import fc from 'fast-check';
import { decodeCheckpoint, encodeCheckpoint } from '../../../jobs/training/checkpoint';
import { batchFeeds, batchSizes } from '../../../jobs/training/loop-feeds';
import { shuffledOrder } from '../../../jobs/training/training-rows';
import type { TrainingState } from '../../../jobs/training/training-state';
import { floats, tensor } from '../../../shared/onnx/build';

const values = fc.float32Array({ minLength: 1, maxLength: 20 });
const tensors = fc.array(
  values.map((data) => floats([data.length], data)),
  { minLength: 1, maxLength: 4 },
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const record = fc.record({
  epoch: fc.nat(),
  training_loss: finite,
  metrics: fc.dictionary(fc.string(), finite),
});

const state: fc.Arbitrary<TrainingState> = fc
  .record({
    parameters: tensors,
    steps: fc.bigInt({ min: 0n, max: 2n ** 62n }),
    step: fc.nat(),
    batch: fc.nat(),
    lossSum: finite,
    history: fc.array(record, { maxLength: 3 }),
    bestLoss: fc.option(finite),
  })
  .map(({ parameters, steps, bestLoss, ...rest }) => ({
    ...rest,
    epoch: rest.history.length,
    parameters,
    optimizer: [tensor('int64', [], [steps]), ...parameters],
    ...(bestLoss === null ? {} : { best: { epoch: 0, loss: bestLoss, parameters } }),
  }));

describe('a checkpoint', () => {
  it('gives back exactly the state that was saved', () => {
    fc.assert(
      fc.property(state, (saved) => {
        const files = encodeCheckpoint(saved, 'print');

        const read = decodeCheckpoint(files, 'print', saved);

        // JSON has no negative zero
        expect(JSON.stringify(read?.history)).toBe(JSON.stringify(saved.history));
        expect(read?.parameters).toEqual(saved.parameters);
        expect(read?.optimizer).toEqual(saved.optimizer);
        expect(read?.best?.parameters).toEqual(saved.best?.parameters);
        expect([read?.step, read?.batch, read?.epoch]).toEqual([saved.step, saved.batch, saved.epoch]);
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
          decodeCheckpoint(files, 'other', saved),
          decodeCheckpoint(cut, 'print', saved),
          decodeCheckpoint(garbled, 'print', saved),
          decodeCheckpoint({}, 'print', saved),
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
          features: new Float32Array(rows),
          targets: new Float32Array(rows),
          order: shuffledOrder(rows, 1, 0),
        };
        const training = { features: 1, batchSize };
        const batches = Math.ceil(rows / batchSize);

        const fed: number[] = [];
        const sizes: number[] = [];
        for (let from = 0; from < batches; from += steps) {
          const range = { from, steps: Math.min(steps, batches - from) };
          const { indices, weights } = batchFeeds(chunk, training, range);
          for (const [place, weight] of Array.from(weights?.data ?? [], Number).entries())
            if (weight === 1) fed.push(Number(indices?.data[place]));
          sizes.push(...batchSizes(chunk, batchSize, range));
        }

        expect(fed).toEqual([...chunk.order]);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(rows);
      }),
    );
  });
});
