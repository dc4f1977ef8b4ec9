import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { train } from '../../../../jobs/kinds/train';
import { trainSpec } from '../../../../shared/contracts/kinds/train';
import { randomNumbers } from '../../../support/check-gradient';
import { folderJobContext } from '../../../support/folder-job-context';
import { ingestRows } from '../../../support/penguins';

const dataset = 'ds_01J00000000000000000000000';

/** Lists of whole numbers to 9, and whether their first half outweighs their second; of one length, or of several. */
function listRows(count: number, lengthOf: (row: number) => number) {
  const next = randomNumbers(3);
  return Array.from({ length: count }, (_, row) => {
    const values = Array.from({ length: lengthOf(row) }, () => Math.floor(10 * next()));
    const half = values.length / 2;
    const balance = values.reduce((sum, value, at) => sum + (at < half ? value : -value), 0);
    return { values, side: balance > 0 ? 'first' : 'second' };
  });
}

const sequences = (count: number) => listRows(count, (row) => 6 + (row % 4));

async function setup(rows: readonly { values: number[]; side: string }[]) {
  const folder = await folderJobContext();
  const data = await ingestRows(rows, folder.folder);
  const base = join(folder.folder, 'base.onnx');
  const specOf = (model: object) =>
    trainSpec.parse({
      dataset,
      target: 'side',
      epochs: 2,
      batch_size: 32,
      optimizer: { name: 'adam', learning_rate: 0.005 },
      register: { name: 'own' },
      model,
    });
  const train1 = async (model: object) => {
    const context = await folderJobContext({ inputs: { data } });
    const result = await train.run(specOf(model), context);
    if (result.type !== 'model') throw new Error('no model');
    await writeFile(base, await context.output('model.onnx'));
    await context.remove();
    return result.signature;
  };
  const trainOn = async (signature: Awaited<ReturnType<typeof train1>>, more: object) => {
    const models = { base: { name: 'own', version: 1, lineage: {}, signature } };
    const context = await folderJobContext({ inputs: { data, base }, models });
    const spec = specOf({ family: 'finetune', from: { name: 'own' }, ...more });
    const result = await train.run(spec, context);
    const told = context.logs
      .map(({ message }) => message)
      .find((message) => message.includes('weights are'));
    await context.remove();
    if (result.type !== 'model') throw new Error('no model');
    return { signature: result.signature, told };
  };
  return { train: train1, trainOn, remove: () => folder.remove() };
}

describe('models of our own families', () => {
  it.each<[string, object, ReturnType<typeof sequences>, object, RegExp]>([
    ['cnn', { family: 'cnn' }, listRows(160, () => 64), {}, /^9 of the model's 9 weights are trained/],
    [
      'cnn whose first block is frozen',
      { family: 'cnn' },
      listRows(160, () => 64),
      { freeze: ['block_0.*'] },
      /^6 of the model's 9 weights are trained, 3 stay as they are; 1 frozen layers are run once/,
    ],
    [
      'rnn',
      { family: 'rnn', hidden_units: 8 },
      sequences(160),
      {},
      /weights are trained, 0 stay as they are/,
    ],
    [
      'transformer',
      { family: 'transformer', form: 'encoder', layers: 1, heads: 2, width: 8 },
      sequences(160),
      {},
      /weights are trained, 0 stay as they are/,
    ],
  ])('are trained on: %s', async (_, model, rows, more, message) => {
    const { train: trainFirst, trainOn, remove } = await setup(rows);
    const before = await trainFirst(model);

    const { signature, told } = await trainOn(before, more);

    expect(signature.inputs).toEqual(before.inputs);
    expect(told).toMatch(message);
    await remove();
  });
});
