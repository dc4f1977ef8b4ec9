import { openTable } from '../../../jobs/datasets/open-table';
import { splitTable } from '../../../jobs/datasets/split-table';
import { prepareFamily } from '../../../jobs/training/families/index';
import { fitModel } from '../../../jobs/training/fit-model';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import { InterruptedError } from '../../../shared/errors/job-errors';
import { type FolderJobContext, folderJobContext } from '../../support/folder-job-context';
import { ingestRows, penguins } from '../../support/penguins';

const target = 'Species';
const features = ['Island', 'Beak Length (mm)', 'Beak Depth (mm)', 'Body Mass (g)'];

async function setup(onCheckpoint: () => void = () => undefined) {
  const context = await folderJobContext({ onCheckpoint });
  const table = await openTable({
    data: await ingestRows(penguins(), context.folder),
    scratch: context.scratch,
  });
  const split = await splitTable(table, {
    target,
    task: 'classification',
    validationFraction: 0.2,
    testFraction: 0,
    seed: 1,
  });
  const spec = trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target,
    batch_size: 16,
    epochs: 12,
    register: { name: 'p' },
  });
  const prepared = await prepareFamily(spec.model.family, {
    spec,
    model: spec.model,
    split,
    features,
    context,
  });
  const fitOn = (at: FolderJobContext, memoryBudgetBytes: number) =>
    fitModel({ spec, split, prepared, context: at, report: at.report, memoryBudgetBytes });
  const remove = async () => {
    await table.close();
    await context.remove();
  };
  return { context, fitOn, remove };
}

describe('fitModel', () => {
  it.each([
    ['holds rows in memory where they fit', 2 ** 20, /are held in memory$/],
    ['streams them in batches where they do not', 0, /are read anew in shuffled order for each epoch$/],
  ])('%s, and learns', async (_, budget, message) => {
    const { context, fitOn, remove } = await setup();

    const { trained } = await fitOn(context, budget);

    expect(context.logs[0]?.message).toMatch(message);
    expect(trained.steps).toBe(12 * 18);
    expect(trained.history.at(-1)?.metrics.validation_accuracy).toBeGreaterThan(0.9);
    await remove();
  });

  it('comes to the same weights by streaming when it is stopped in the middle and goes on', async () => {
    let saved = 0;
    const whole = await setup();
    const stopped = await setup(() => {
      if (++saved === 4) stopped.context.stop();
    });

    const uninterrupted = await whole.fitOn(whole.context, 0);
    await expect(stopped.fitOn(stopped.context, 0)).rejects.toThrow(InterruptedError);
    const resumed = await stopped.fitOn(await stopped.context.nextAttempt(), 0);

    expect(resumed.trained.weights).toEqual(uninterrupted.trained.weights);
    await whole.remove();
    await stopped.remove();
  });
});
