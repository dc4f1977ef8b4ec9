import { fashionImages, hasFashion, withoutFashion } from '../../support/fashion-images';
import type { Bench, Row } from '../row';
import { type Contest, contestRows } from './contest';
import { fashionAccuracy, fashionBatch, fashionSource } from './fashion';
import { contestants } from './make';
import { fashionCnn } from './own-models';
import { pythonForms } from './python-forms';

const recovered = { recovery: { epochs: 3 }, rounds: 2 };

const forms = {
  'Ingot int8 static': [{ name: 'int8_static' }],
  'Ingot int8 dynamic': [{ name: 'int8_dynamic' }],
  'Ingot half the channels': [{ name: 'prune_channels', fraction: 0.5, ...recovered }],
  'Ingot half the channels, int8 static': [
    { name: 'prune_channels', fraction: 0.5, ...recovered },
    { name: 'int8_static' },
  ],
} as const;

const goals: Contest['goals'] = {
  'Ingot int8 static': { bytes: 0.3, speed: 1.8, lost: 0.5 },
  'Ingot half the channels': { speed: 1.8, lost: 1 },
};

/** To calibrate on and to recover with. */
const sampleImages = 20_000;

/** The convolutional network that our own train kind made, image by image. */
export const fashionBench: Bench = async (): Promise<Row[]> => {
  if (!hasFashion) {
    console.log(`the CNN is left out: ${withoutFashion}`);
    return [];
  }
  const own = await fashionCnn();
  const test = fashionImages('t10k');
  const source = fashionSource(own, fashionImages('train', sampleImages));
  return contestRows({
    what: 'Fashion-MNIST CNN',
    original: own.bytes,
    contestants: [
      ...(await contestants(source, forms)),
      ...(await pythonForms(source, ['static', 'dynamic'])),
    ],
    turns: {
      'one prediction': fashionBatch(test.slice(0, 1)).feeds,
      '32 at once': fashionBatch(test.slice(0, 32)).feeds,
    },
    quality: {
      name: 'test accuracy',
      unit: '%',
      of: fashionAccuracy(test),
      lost: { unit: 'points', of: (before, after) => before - after },
    },
    goals,
  });
};
