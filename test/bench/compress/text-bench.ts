import type { Bench } from '../row';
import { type Contest, contestRows } from './contest';
import { contestants } from './make';
import { hasShakespeare, readShakespeare, shakespeareTransformer } from './own-models';
import { pythonForms } from './python-forms';
import { encodeText, heldOutLoss, textSource, windows } from './shakespeare';

const forms = {
  'Ingot int8 dynamic': [{ name: 'int8_dynamic' }],
  'Ingot int8 static': [{ name: 'int8_static' }],
  'Ingot int4 weights, block 32': [{ name: 'weight_only', bits: 4, block: 32 }],
} as const;

const goals: Contest['goals'] = { 'Ingot int8 dynamic': { bytes: 0.3, speed: 1.5, lost: 0.02 } };

const judgedCharacters = 2_048;

/** The character transformer that our own train kind made, read one window at a time. */
export const textBench: Bench = async () => {
  if (!hasShakespeare) {
    console.log('the character transformer is left out: ../shared/data is absent');
    return [];
  }
  const own = await shakespeareTransformer();
  const text = encodeText(readShakespeare(), own);
  const source = textSource(own, text);
  return contestRows({
    what: 'character transformer',
    original: own.bytes,
    contestants: [
      ...(await contestants(source, forms)),
      ...(await pythonForms(source, ['dynamic', 'static', 'int4'])),
    ],
    turns: { 'one prediction': windows(text, [text.heldOutFrom]).feeds },
    quality: {
      name: `loss over ${judgedCharacters} held-out characters`,
      unit: 'nats',
      of: heldOutLoss(text, judgedCharacters),
      lost: { unit: 'nats', of: (before, after) => after - before },
    },
    goals,
  });
};
