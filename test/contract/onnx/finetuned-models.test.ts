import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rowPicker } from '../../../jobs/training/batch-picker';
import { bindInputs, checkRows } from '../../../jobs/training/finetune/bind-inputs';
import { newNetwork } from '../../../jobs/training/finetune/new-network';
import { readBaseModel } from '../../../jobs/training/finetune/read-base-model';
import { initialWeights } from '../../../jobs/training/initial-weights';
import { nextState, stateFeeds, stateNames } from '../../../jobs/training/loop-feeds';
import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { scheduleOf } from '../../../jobs/training/schedules';
import { initialOptimizerState, singleStepModel, type Training } from '../../../jobs/training/training-step';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { finetuneSpec } from '../../../shared/contracts/training/model-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { floats, input, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { InputValue, Tensor, Value } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomNumbers } from '../../support/check-gradient';
import { runGraph } from '../../support/run-graph';

const folder = join(__dirname, '../../../../shared/models');
const whereGiven = existsSync(folder) ? describe : describe.skip;

const rows = 2;
const classes = 3;

const numbers = ({ type }: InputValue): Tensor => {
  const next = randomNumbers(7);
  const elementType = type.kind === 'tensor' ? type.elementType : 'float';
  const dims = [rows, ...(type.kind === 'tensor' ? (type.shape ?? []) : []).slice(1).map(Number)];
  const values = Array.from({ length: elementCount(dims) }, () => next());
  return elementType === 'float'
    ? floats(dims, values)
    : tensor(
        elementType,
        dims,
        values.map((value) => Math.floor(256 * value)),
      );
};

interface Case {
  readonly path: string;
  readonly columns: readonly InputValue[];
  readonly freeze: readonly string[];
}

const operated = ({ path, columns, freeze }: Case) => {
  const base = readBaseModel({ bytes: readFileSync(join(folder, path)) });
  const graph = bindInputs(base.graph, new Map<string, Value>(columns.map((each) => [each.name, each])));
  const [output] = graph.outputs;
  if (output === undefined) throw new Error('no output');
  checkRows(output.value, output.name);
  const model = finetuneSpec.parse({ family: 'finetune', from: { name: 'm' }, freeze });
  return newNetwork({ model, value: output.value, columns, outputs: classes, augmented: false });
};

/** A step of SGD over two rows, what is frozen being run ahead of it. */
async function step(given: Case) {
  const made = operated(given);
  const schedule = scheduleOf(
    { name: 'constant', warmup_fraction: 0 },
    { learningRate: 1e-3, totalSteps: 1 },
  );
  const training: Training = {
    network: made.network,
    picker: rowPicker(made.prefix.row, softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'sgd', learning_rate: 1e-3 }), schedule),
    schedule,
    batchSize: rows,
    seed: 1,
  };
  const { encoded } = await runGraph(new Map(given.columns.map((each) => [each, numbers(each)])), {
    encoded: made.prefix.features,
  });
  const names = stateNames(training);
  const weights = initialWeights(made.network, 1);
  const state = { ...weights, optimizer: initialOptimizerState(training), averages: [] };
  const session = await onnxModelRuntime().load(writeModel(singleStepModel(training)), { threads: 2 });
  const results = await session.run({
    features: encoded ?? floats([0], []),
    targets: tensor('int64', [rows], [0, 2]),
    weights: floats([rows], [1, 1]),
    first_batch: tensor('int64', [], [0]),
    ...stateFeeds(names, state),
  });
  await session.dispose();
  return {
    made,
    loss: Number(results.loss?.data[0]),
    before: weights.parameters,
    after: nextState(names, results),
  };
}

const image = (name: string) => input(name, 'float', ['batch', 3, 224, 224]);

/** How many frozen layers are run ahead of training, and how many tensors learn: the models' own and two of the head. */
const models: readonly (Case & { readonly cached: number; readonly learned: number })[] = [
  {
    path: 'mnist-cntk.onnx',
    columns: [input('Input3', 'float', ['batch', 1, 28, 28])],
    freeze: [],
    cached: 0,
    learned: 6,
  },
  {
    path: 'magika/model.onnx',
    columns: [input('bytes', 'int32', ['batch', 2048])],
    freeze: [],
    cached: 0,
    learned: 10,
  },
  {
    path: 'light/light_squeezenet.onnx',
    columns: [image('data_0')],
    freeze: [],
    cached: 0,
    learned: 52,
  },
  {
    path: 'light/light_densenet121.onnx',
    columns: [image('data_0')],
    freeze: ['*'],
    cached: 120,
    learned: 2,
  },
];

whereGiven(
  'fine-tuning models that others made (skipped where ../shared/models is not on this machine)',
  () => {
    it.each(models)('takes a step on $path', async (given) => {
      const { made, loss, before, after } = await step(given);

      expect(made.prefix.cachedLayers).toBe(given.cached);
      expect(made.network.parameters).toHaveLength(given.learned);
      expect(Number.isFinite(loss)).toBe(true);
      expect(after.parameters.at(-1)?.data).not.toEqual(before.at(-1)?.data);
    });
  },
);
