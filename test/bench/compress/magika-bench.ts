import type { Bench } from '../row';
import { type Contest, contestRows } from './contest';
import { hasMagika, keptLabels, magikaSource, readMagika } from './magika';
import { contestants, keepingWorst } from './make';
import { pythonForms } from './python-forms';

const forms = {
  'Ingot int8 dynamic': [{ name: 'int8_dynamic' }],
  'Ingot int8 weights, block 64': [{ name: 'weight_only', bits: 8, block: 64 }],
  'Ingot int4 weights, block 32': [{ name: 'weight_only', bits: 4, block: 32 }],
  'Ingot int8 static': [{ name: 'int8_static' }],
} as const;

const keptOne = 'Ingot int4 weights, block 32, but for the worst layer';

const goals: Contest['goals'] = {
  'Ingot int8 weights, block 64': { quality: 330, gzip: 0.35 },
  [keptOne]: { quality: 327 },
};

/** A published model with its published answers. */
export const magikaBench: Bench = async () => {
  if (!hasMagika) {
    console.log('magika is left out: ../shared/models/magika is absent');
    return [];
  }
  const magika = readMagika();
  const source = magikaSource(magika);
  const int4 = await keepingWorst(source, { name: 'weight_only', bits: 4, block: 32 });
  return contestRows({
    what: 'magika',
    original: magika.bytes,
    contestants: [
      ...(await contestants(source, { ...forms, [keptOne]: [int4] })),
      ...(await pythonForms(source, ['dynamic', 'static', 'int4'])),
    ],
    turns: { 'one prediction': { bytes: magika.inputs(0, 1) } },
    quality: { name: 'published labels kept', unit: `of ${magika.rows}`, of: keptLabels(magika) },
    goals,
  });
};
