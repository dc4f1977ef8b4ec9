import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrialOrder } from '../../jobs/tuning/trial-order';
import { ingestRows, penguins } from '../support/penguins';

/** Everything that is drawn at random, every group of tensors, several batches a step: what a checkpoint has to hold. */
const spec = {
  dataset: 'ds_01J00000000000000000000000',
  target: 'Species',
  model: { family: 'mlp', hidden_units: [32, 32], batch_norm: true, dropout: 0.3 },
  optimizer: { name: 'adamw', learning_rate: 0.005 },
  clipping: { global_norm: 1 },
  augmentation: { noise: 0.1, mixup: 0.2 },
  batch_size: 8,
  accumulation: 2,
  average_decay: 0.99,
  epochs: 400,
  early_stopping: { patience: 400 },
  seed: 11,
  register: { name: 'penguins' },
};

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-killed-'));
  const data = await ingestRows(penguins(), folder);
  const order: TrialOrder = {
    spec,
    inputs: { data },
    model: undefined,
    folder,
    threads: 1,
    provider: 'cpu',
    memoryBytes: 2 ** 31,
  };
  await writeFile(join(folder, 'order.json'), JSON.stringify(order));
  /** Starts the job's program; told to, it is killed soon after so many reports of progress, at no moment that it knows of. */
  const run = async (killAfterReports?: number) => {
    const args = ['--import', 'tsx', 'jobs/main.ts', 'trial', join(folder, 'order.json')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let reports = 0;
    child.on('message', async () => {
      if (++reports !== killAfterReports) return;
      await sleep(reports);
      child.kill('SIGKILL');
    });
    const [code, signal] = await once(child, 'exit');
    return { code, signal };
  };
  const modelBytes = () => readFile(join(folder, 'outputs', 'model.onnx'));
  return { run, modelBytes, remove: () => rm(folder, { recursive: true, force: true }) };
}

describe('a training that is killed with SIGKILL', () => {
  it('ends with the bytes of one that never was, when it is resumed', async () => {
    const whole = await setup();
    const killed = await setup();

    const uninterrupted = await whole.run();
    const ends = [await killed.run(40), await killed.run(55), await killed.run(10), await killed.run()];

    expect(uninterrupted.code).toBe(0);
    expect(ends.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', null]);
    expect((await killed.modelBytes()).equals(await whole.modelBytes())).toBe(true);
    await whole.remove();
    await killed.remove();
  });
});
