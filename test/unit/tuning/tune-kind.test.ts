import { train } from '../../../jobs/kinds/train';
import { tune } from '../../../jobs/kinds/tune';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import { trialSpec, tuneSpec } from '../../../shared/contracts/kinds/tune';
import { InterruptedError } from '../../../shared/errors/job-errors';
import { type FolderJobContext, folderJobContext } from '../../support/folder-job-context';
import { ingestRows, penguins } from '../../support/penguins';

const sound = {
  train: {
    dataset: 'ds_01J00000000000000000000000',
    target: 'Species',
    epochs: 9,
    batch_size: 32,
    model: { family: 'mlp', hidden_units: [8] },
    seed: 3,
  },
  space: { 'optimizer.learning_rate': { min: 1e-4, max: 1e-1, scale: 'log' } },
  register: { name: 'penguins' },
};

async function setup(spec: object, onCheckpoint: (context: FolderJobContext) => void = () => undefined) {
  const inputs: Record<string, string> = {};
  const context: FolderJobContext = await folderJobContext({
    inputs,
    onCheckpoint: () => onCheckpoint(context),
  });
  inputs.data = await ingestRows(penguins(), context.folder);
  return {
    context,
    spec: tuneSpec.parse({ ...sound, ...spec }),
    run: (at = context) => tune.run(tuneSpec.parse({ ...sound, ...spec }), at),
  };
}

async function reportOf(context: FolderJobContext) {
  const report: {
    best: number;
    trials: {
      number: number;
      state: string;
      objective?: number;
      reason?: string;
      history: unknown[];
      rungs: number[];
      values: Record<string, number>;
    }[];
  } = JSON.parse(new TextDecoder().decode(await context.output('report.json')));
  return report;
}

describe('tune', () => {
  it('trains every trial, two at a time, and registers the best', async () => {
    const { context, run } = await setup({ search: { method: 'grid', points: 3 }, slots: 2 });

    const result = await run();

    const { best, trials } = await reportOf(context);
    const objectives = trials.map(({ objective }) => objective ?? Number.NaN);
    expect(trials.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(objectives[best]).toBe(Math.min(...objectives));
    expect(trials.every(({ history }) => history.length === 9)).toBe(true);
    expect(result).toMatchObject({ type: 'model', register: { name: 'penguins' }, model: 'model.onnx' });
    expect(context.published).toEqual(
      expect.arrayContaining([
        'model.onnx',
        'report.json',
        'report.html',
        'best_trial.json',
        'test_rows.parquet',
      ]),
    );
    const session = await onnxModelRuntime().load(await context.output('model.onnx'), { threads: 1 });
    expect(session.inputs.length).toBeGreaterThan(3);
    await session.dispose();
    await context.remove();
  });

  it('lets the best of a rung go on from where it paused, to what it would have come to at once', async () => {
    const { context, run, spec } = await setup({
      search: { method: 'asha', trials: 3, minimum_epochs: 1, reduction_factor: 3 },
    });

    await run();

    const { best, trials } = await reportOf(context);
    const alone = await context.nextAttempt();
    await train.run(trainSpec.parse(trialSpec(spec, trials[best]?.values ?? {})), alone);
    const { training } = JSON.parse(new TextDecoder().decode(await alone.output('report.json')));
    expect(trials.map(({ state }) => state).toSorted()).toEqual(['paused', 'paused', 'succeeded']);
    expect(trials.map(({ history }) => history.length).toSorted()).toEqual([1, 1, 9]);
    expect(trials[best]?.objective).toBe(training.history.at(-1).metrics.validation_loss);
    await context.remove();
  });

  it('loses a trial that fails, tells why, and goes on with the others', async () => {
    const { context, run } = await setup({
      space: {
        'optimizer.learning_rate': { choices: [0.05, 10] },
      },
      train: {
        ...sound.train,
        optimizer: { name: 'sgd', momentum: 0.99 },
        model: { family: 'mlp', hidden_units: [512, 512, 512] },
      },
      search: { method: 'grid' },
      slots: 2,
    });

    await run();

    const { trials, best } = await reportOf(context);
    const failed = trials.filter(({ state }) => state === 'failed');
    expect(trials[best]?.state).toBe('succeeded');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every(({ reason }) => reason?.startsWith('training diverged at step'))).toBe(true);
    await context.remove();
  });

  it('refuses an objective that the task does not tell, after one trial', async () => {
    const { context, run } = await setup({ objective: 'validation_rmse' });

    await expect(run()).rejects.toThrow(
      "'validation_rmse' is not told by trainings of this target; compare by: validation_loss, validation_accuracy",
    );
    expect(context.logs.filter(({ message }) => / begins: /.test(message))).toHaveLength(1);
    await context.remove();
  });

  it('is stopped and goes on without training again what had ended', async () => {
    let kept = 0;
    const options = { search: { method: 'grid', points: 2 } };
    const { context, run } = await setup(options, (at) => ++kept === 1 && at.stop());

    await expect(run()).rejects.toThrow(InterruptedError);
    const next = await context.nextAttempt();
    await run(next);

    const { trials } = await reportOf(next);
    expect(trials.map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    expect(next.logs.map(({ message }) => message)).toContain('1 trials are behind an earlier attempt');
    await context.remove();
  });

  it.each<[string, object, string, RegExp]>([
    [
      'a field that no train spec has',
      { space: { 'optimizer.speed': { min: 1, max: 2 } } },
      'space.optimizer.speed',
      /unknown key 'speed': known are: name, learning_rate/,
    ],
    [
      'a value beyond what the field allows',
      { space: { epochs: { min: 0, max: 5, integer: true } } },
      'space.epochs',
      /0 makes no train spec: \/epochs must be at least 1/,
    ],
    [
      'a range the wrong way round',
      { space: { batch_size: { min: 5, max: 1 } } },
      'space.batch_size',
      /min 5 must not be above max 1/,
    ],
    [
      'zero on a log scale',
      { space: { 'optimizer.l1': { min: 0, max: 1, scale: 'log' } } },
      'space.optimizer.l1',
      /must be above 0 on a log scale/,
    ],
    [
      'no rows to tell trials apart by',
      { train: { ...sound.train, validation_fraction: 0 } },
      'train.validation_fraction',
      /must be above 0/,
    ],
    [
      'halving over epochs',
      { search: { method: 'asha' }, space: { epochs: { min: 1, max: 5, integer: true } } },
      'space.epochs',
      /asha/,
    ],
    [
      'a field that decides what is learned from',
      { space: { dataset: { choices: ['ds_01J00000000000000000000001'] } } },
      'space.dataset',
      /cannot be searched over; what can is: model, loss/,
    ],
    [
      'losses compared by themselves',
      { space: { 'loss.label_smoothing': { choices: [0, 0.1] } } },
      'space.loss.label_smoothing',
      /cannot be compared; give another objective/,
    ],
    [
      'models that the job was not given',
      { space: { model: { choices: [{ family: 'finetune', from: { name: 'other' } }] } } },
      'space.model',
      /cannot name other models/,
    ],
    [
      'an objective that no training tells',
      { objective: 'validation_acuracy' },
      'objective',
      /validation_accuracy/,
    ],
  ])('refuses %s', (_, spec, path, message) => {
    const { error } = tuneSpec.safeParse({ ...sound, ...spec });

    expect(error?.issues[0]?.path.join('.')).toBe(path);
    expect(error?.issues[0]?.message).toMatch(message);
  });
});
