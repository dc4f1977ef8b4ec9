import { countParts, pruneChannels } from '../../../../jobs/compression/pruning/prune-channels';
import { goneAfter, pruneGradually } from '../../../../jobs/compression/pruning/prune-gradually';
import { pruneWeights } from '../../../../jobs/compression/pruning/prune-weights';
import type { Model } from '../../../../shared/onnx/ir';
import { mlpOf, randomLayers } from '../../../support/random-mlp';
import { zeroMask } from '../../../support/zero-mask';

const whole = mlpOf(randomLayers([8, 64, 64, 4]));
const { signal } = new AbortController();
const parts = (of: Model) => countParts(of, 'channels');

describe('pruning in rounds', () => {
  it('takes much at first, and ends at the fraction', () => {
    const gone = [1, 2, 3, 4].map((round) => goneAfter(round, { rounds: 4, fraction: 0.8 }));

    expect(gone.map((each) => Number(each.toFixed(4)))).toEqual([0.4625, 0.7, 0.7875, 0.8]);
  });

  it('recovers after each round, and says of each layer what all of them did', async () => {
    const counts: number[] = [];
    const recover = async (model: Model) => {
      counts.push(parts(model));
      return model;
    };
    const prune = async (model: Model, fraction: number) =>
      pruneChannels({ fraction, multiple: 1 }).apply(model);

    const { model, layers } = await pruneGradually({
      model: whole,
      rounds: 3,
      fraction: 0.75,
      prune,
      recover,
      parts,
      signal,
    });

    expect(counts).toEqual([60, 36, 32]);
    expect(parts(model)).toBe(32);
    expect(layers.map(({ layer, bytesBefore, bytesAfter }) => [layer, bytesBefore, bytesAfter])).toEqual([
      ['weight_0', 2048, 512],
      ['weight_1', 16384, 1024],
      ['weight_2', 1024, 256],
    ]);
  });

  it('skips rounds for which the ones before have taken enough', async () => {
    let rounds = 0;
    const prune = async (model: Model, fraction: number) => {
      rounds += 1;
      return pruneChannels({ fraction, multiple: 32 }).apply(model);
    };

    const { model } = await pruneGradually({ model: whole, rounds: 8, fraction: 0.5, prune, parts, signal });

    expect(parts(model)).toBe(64);
    expect(rounds).toBeLessThan(8);
  });

  it('counts zeros again that are there already', async () => {
    const prune = async (model: Model, fraction: number) =>
      pruneWeights({ pattern: 'unstructured', fraction }).apply(model);

    const { model } = await pruneGradually({ model: whole, rounds: 3, fraction: 0.5, prune, signal });

    const zeros = zeroMask(model).flatMap((mask) => Array.from(mask.zeros));
    expect(zeros.filter((each) => each === 1).length * 2).toBe(zeros.length);
  });

  it('fails between rounds where it is stopped', async () => {
    const stopped = AbortSignal.abort(new Error('stopped'));
    const prune = async (model: Model) => ({ model, layers: [] });

    await expect(
      pruneGradually({ model: whole, rounds: 2, fraction: 0.5, prune, signal: stopped }),
    ).rejects.toThrow('stopped');
  });

  it.each([0.99, 1, 0, -1])('refuses to take %d of the channels', (fraction) => {
    expect(() => pruneChannels({ fraction }).apply(whole)).toThrow(
      /nothing would be left of some layers: remove more than 0, and at most 0.984/,
    );
  });

  it.each<[string, Map<string, number[]>, RegExp]>([
    [
      'a group that is not there',
      new Map([['nobody', [0]]]),
      /no channels 'nobody' that can be removed: give one of weight_0, weight_1/,
    ],
    ['nothing of a group', new Map([['weight_0', []]]), /name at least one, each from 0 to 63/],
    [
      'a channel that is not there',
      new Map([['weight_0', [64]]]),
      /of 'weight_0' the channels \[64\] would stay/,
    ],
  ])('refuses to keep %s', (_, keptByGroup, message) => {
    expect(() => pruneChannels({ keptByGroup }).apply(whole)).toThrow(message);
  });

  it('refuses the importance of another model', () => {
    const importance = new Map([['weight_0', new Float64Array(3)]]);

    expect(() => pruneChannels({ fraction: 0.5, importance }).apply(whole)).toThrow(
      "the importance of the 64 channels of 'weight_0' is needed, got 3",
    );
  });
});
