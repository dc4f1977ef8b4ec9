import { fashionImages, hasFashion, withoutFashion } from '../../support/fashion-images';
import type { Bench, Row } from '../row';
import { type Contest, type Contestant, contestRows } from './contest';
import { fashionAccuracy, fashionBatch, fashionSource } from './fashion';
import { contestants, type Source } from './make';
import { fashionCnn } from './own-models';
import { pythonForms } from './python-forms';

const pruned = {
  name: 'prune_channels',
  fraction: 0.5,
  importance: 'taylor',
  recovery: { epochs: 3, learning_rate: 0.002, label_fraction: 0.5 },
};

const half = 'Ingot half the channels';

const forms = {
  'Ingot int8 static': [{ name: 'int8_static' }],
  'Ingot int8 dynamic': [{ name: 'int8_dynamic' }],
  [half]: [pruned],
} as const;

/** Upon what came of another form, which takes minutes to make. */
const further = { [`${half}, int8 static`]: [{ name: 'int8_static' }] } as const;

async function ownForms(source: Source): Promise<Contestant[]> {
  const own = await contestants(source, forms);
  const halved = own.find(({ name }) => name === half);
  const more = halved === undefined ? [] : await contestants({ ...source, bytes: halved.bytes }, further);
  return [...own, ...more];
}

const goals: Contest['goals'] = {
  'Ingot int8 static': { bytes: 0.3, speed: 1.8, lost: 0.5 },
  [half]: { speed: 1.8, lost: 1 },
};

/** The convolutional network that our own train kind made, image by image. */
export const fashionBench: Bench = async (): Promise<Row[]> => {
  if (!hasFashion) {
    console.log(`the CNN is left out: ${withoutFashion}`);
    return [];
  }
  const own = await fashionCnn();
  const test = fashionImages('t10k');
  const source = fashionSource(own, fashionImages('train'));
  return contestRows({
    what: 'Fashion-MNIST CNN',
    original: own.bytes,
    contestants: [...(await ownForms(source)), ...(await pythonForms(source, ['static', 'dynamic']))],
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
