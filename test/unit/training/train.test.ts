import type { Checkpoint } from '../../../jobs/kinds/job-kind';
import { rowPicker } from '../../../jobs/training/batch-picker';
import { mlpNetwork } from '../../../jobs/training/families/tabular';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { squaredError } from '../../../jobs/training/losses/squared-error';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { rowOfFloats } from '../../../jobs/training/row-type';
import { constantSchedule } from '../../../jobs/training/schedules';
import { type Trained, type TrainOptions, train } from '../../../jobs/training/train';
import { shuffledOrder } from '../../../jobs/training/training-rows';
import { mlpSpec } from '../../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { DivergenceError, InterruptedError } from '../../../shared/errors/job-errors';
import { floats } from '../../../shared/onnx/build';
import { folderJobContext } from '../../support/folder-job-context';

const rows = 50;

/** y = 2 a - b. */
function makeRows() {
  const features = Float32Array.from({ length: rows * 2 }, (_, index) => Math.sin(7 * index));
  const targets = Float32Array.from(
    { length: rows },
    (_, row) => 2 * (features[2 * row] ?? 0) - (features[2 * row + 1] ?? 0),
  );
  return { rows, features: floats([rows, 2], features), targets: floats([rows], targets) };
}

interface Setup extends Partial<TrainOptions> {
  learningRate?: number;
  onCheckpoint?: (checkpoint: Checkpoint) => void;
}

async function setup({ learningRate = 0.05, onCheckpoint, ...options }: Setup = {}) {
  const spec = mlpSpec.parse({ family: 'mlp', hidden_units: [6], activation: 'tanh' });
  const network = mlpNetwork(spec, { inputs: 2, outputs: 1 });
  const schedule = constantSchedule(learningRate);
  const all = makeRows();
  const asked: TrainOptions = {
    training: {
      network,
      loss: squaredError,
      picker: rowPicker(rowOfFloats(2), squaredError.targets),
      optimizer: optimizerOf(optimizerSpec.parse({ name: 'adam' }), schedule),
      schedule,
      batchSize: 4,
      seed: 1,
    },
    rows: {
      rows,
      async *epoch(epoch) {
        yield { ...all, order: shuffledOrder(rows, 1, epoch) };
      },
    },
    initialWeights: initialWeights(network, 1),
    epochs: 6,
    fingerprint: 'this training',
    ...options,
  };
  const context = await folderJobContext(onCheckpoint ? { onCheckpoint } : {});
  const servicesOf = ({ runtime, checkpoints, signal, report, log }: typeof context) => ({
    runtime,
    checkpoints,
    signal,
    report,
    log,
    session: { threads: 1 },
  });
  return { asked, context, services: servicesOf(context), servicesOf };
}

/** Everything but how long it took. */
const untimed = <T extends Pick<Trained, 'history'>>(trained: T) => ({
  ...trained,
  history: trained.history.map(({ seconds: _, rows_per_second: __, ...rest }) => rest),
});

describe('train', () => {
  it('visits every row in each epoch, and tells how it goes', async () => {
    const { asked, services, context } = await setup();

    const { steps, history } = await train(asked, services);

    expect(steps).toBe(6 * 13);
    expect(history.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(history.at(-1)?.training_loss).toBeLessThan(0.5 * (history[0]?.training_loss ?? 0));
    expect(context.progress.at(-1)).toMatchObject({ fraction: 1, step: 78, epoch: 5 });
    await context.remove();
  });

  it.each([1, 3, 5])(
    'comes to the same weights when it is stopped after checkpoint %i and goes on',
    async (stopAfter) => {
      const whole = await setup();
      const uninterrupted = await train(whole.asked, whole.services);
      let saved = 0;
      const stopped = await setup({ onCheckpoint: () => ++saved === stopAfter && stopped.context.stop() });

      const first = train(stopped.asked, stopped.services);
      await expect(first).rejects.toThrow(InterruptedError);
      const next = await stopped.context.nextAttempt();
      const resumed = await train(stopped.asked, stopped.servicesOf(next));

      expect(untimed(resumed)).toEqual(untimed(uninterrupted));
      expect(next.logs[0]?.message).toMatch(/going on from the checkpoint at step \d+ of 78/);
      await whole.context.remove();
      await stopped.context.remove();
    },
  );

  it('saves a checkpoint before it stops, whatever saving cost before', async () => {
    const checkpoints: Checkpoint[] = [];
    const { asked, services, context } = await setup({
      onCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    });
    context.stop('cancelled');

    const training = train(asked, services);

    await expect(training).rejects.toThrow('interrupted: cancelled');
    expect(checkpoints).toHaveLength(1);
    await context.remove();
  });

  it('starts anew where the checkpoint is of another training', async () => {
    const { asked, services, context, servicesOf } = await setup();
    const expected = await train({ ...asked, epochs: 2, fingerprint: 'another' }, services);
    const next = await context.nextAttempt();

    const { history } = await train({ ...asked, epochs: 2 }, servicesOf(next));

    expect(next.logs).toEqual([{ level: 'warn', message: expect.stringContaining('of another training') }]);
    expect(untimed({ history })).toEqual(untimed({ history: expected.history }));
    await context.remove();
  });

  it('goes back to the weights of the best epoch when it runs out of patience', async () => {
    const losses = [5, 3, 4, 3.5, 6, 1];
    const seen: unknown[] = [];
    const validate: TrainOptions['validate'] = async (weights) => {
      seen.push(weights);
      const loss = losses[seen.length - 1] ?? Number.NaN;
      return { loss, metrics: { validation_loss: loss } };
    };
    const { asked, services, context } = await setup({
      validate,
      earlyStopping: { patience: 3, minDelta: 0 },
    });

    const { weights, bestEpoch, history } = await train(asked, services);

    expect(bestEpoch).toBe(1);
    expect(history.map(({ metrics }) => metrics.validation_loss)).toEqual([5, 3, 4, 3.5, 6]);
    expect(weights).toEqual(seen[1]);
    await context.remove();
  });

  it('does not count what is better by less than min_delta', async () => {
    const losses = [5, 4.95, 4.9, 4.85];
    let calls = 0;
    const validate = async () => ({ loss: losses[calls++] ?? 0, metrics: {} });
    const { asked, services, context } = await setup({
      validate,
      earlyStopping: { patience: 2, minDelta: 0.2 },
    });

    const { bestEpoch, history } = await train(asked, services);

    expect(bestEpoch).toBe(0);
    expect(history).toHaveLength(3);
    await context.remove();
  });

  it('fails where the loss becomes no number, and says at which step and what to do', async () => {
    const { asked, services, context } = await setup({ learningRate: 1e38 });

    const training = train(asked, services);

    await expect(training).rejects.toThrow(DivergenceError);
    await expect(training).rejects.toThrow(
      /training diverged at step \d+: the loss is (NaN|Infinity); lower the learning rate/,
    );
    await context.remove();
  });

  it('fails where the last step of all leaves weights that are no numbers', async () => {
    const { asked, services, context } = await setup({ epochs: 1 });
    const optimizer = optimizerOf(optimizerSpec.parse({ name: 'sgd' }), constantSchedule(Number.NaN));
    const oneStep = { ...asked, training: { ...asked.training, optimizer, batchSize: rows } };

    const training = train(oneStep, services);

    await expect(training).rejects.toThrow(/training diverged at step 1/);
    await context.remove();
  });
});
