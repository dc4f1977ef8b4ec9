import type { RecoverySpec } from '../../../shared/contracts/compression/step-spec';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { UnusableDataError } from '../../../shared/errors/job-errors';
import type { Model, Tensor } from '../../../shared/onnx/ir';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { writeModel } from '../../../shared/onnx/write-model';
import { rowPicker } from '../../training/batch-picker';
import { estimateMemory, refuseTooLarge, stepThreads } from '../../training/estimate-memory';
import { initialWeights } from '../../training/initial-weights';
import type { Network, Weights } from '../../training/network';
import { optimizerOf } from '../../training/optimizers/optimizer-of';
import { rowBytes, rowOfFloats } from '../../training/row-type';
import { scheduleOf } from '../../training/schedules';
import { stepsPerEpoch, train } from '../../training/train';
import { shuffledOrder } from '../../training/training-rows';
import type { Training } from '../../training/training-step';
import type { SampleBatch } from '../samples';
import type { Workbench } from '../workbench';
import { lengthOf } from './answers';
import { keepingZeros } from './keeping-zeros';
import { type ComparedAnswer, canHaveLabels, likeness } from './likeness';
import { type KeptRows, keptRows } from './recovery-rows';
import { onceModel, type RetrainedPart, retrainedPart } from './retrained-part';
import { type Retrained, trainedTensors, withTensors } from './with-trained';

export interface RecoverOptions {
  readonly bench: Workbench;
  readonly recovery: RecoverySpec;
  /** Weights of matrices and kernels that are 0 stay 0: those that were pruned. */
  readonly keepZeros?: boolean;
}

/** Scores of both models are divided by it: what the original thinks of the classes that are wrong is worth learning too. */
const temperature = 2;

const warmupFraction = 0.05;

async function firstRow({ samples }: Workbench): Promise<SampleBatch> {
  for await (const batch of samples?.({ mostRows: 1 }) ?? []) return batch;
  throw new UnusableDataError('there are no rows to train on: give a data set', 'no_rows_to_learn_from');
}

/** Runs what is run once for each row. */
async function rowsOf(part: RetrainedPart, bench: Workbench): Promise<KeptRows> {
  const { runtime, provider, threads } = bench;
  const once = onceModel(part);
  const session = await runtime.load(writeModel(once.model), { provider, threads });
  let ran: { readonly batch: SampleBatch; readonly results: Record<string, Tensor> } | undefined;
  const resultOf = async (batch: SampleBatch, name: string): Promise<Tensor> => {
    if (ran?.batch !== batch)
      ran = { batch, results: { ...batch.feeds, ...(await session.run(batch.feeds)) } };
    const result = ran.results[name];
    if (result === undefined) throw new Error(`the model run once gave no '${name}'`);
    return result;
  };
  try {
    return await keptRows({
      bench,
      features: part.prefix.row,
      targets: targetsOf(part),
      featuresOf: (batch) => resultOf(batch, once.features),
      answersOf: (batch) => resultOf(batch, once.answers),
    });
  } finally {
    await session.dispose();
  }
}

const targetsOf = ({ pairs }: RetrainedPart) =>
  rowOfFloats(pairs.reduce((sum, { teacher }) => sum + lengthOf(teacher), 1));

/** The mean variance of some columns of a table over its rows; 1 where they are constant, for there is nothing to measure by. */
function varianceOf({ data, dims: [rows = 0, width = 1] }: Tensor, from: number, to: number): number {
  let sum = 0;
  for (let column = from; column < to; column++) {
    const values = Float64Array.from({ length: rows }, (_, row) => Number(data[row * width + column]));
    const mean = values.reduce((total, value) => total + value, 0) / rows;
    sum += values.reduce((total, value) => total + (value - mean) ** 2, 0) / rows;
  }
  const variance = sum / Math.max(1, to - from);
  return variance > 1e-30 ? variance : 1;
}

function comparedAnswers({ pairs }: RetrainedPart, { targets }: KeptRows): readonly ComparedAnswer[] {
  let from = 1;
  return pairs.map(({ teacher }) => {
    const to = from + lengthOf(teacher);
    const variance = varianceOf(targets, from, to);
    from = to;
    return { ...teacher, variance };
  });
}

function trainingOf(
  part: RetrainedPart,
  network: Network,
  { kept, options }: { readonly kept: KeptRows; readonly options: RecoverOptions },
): { readonly training: Training; readonly steps: number } {
  const { bench, recovery } = options;
  const labelled = part.pairs.findIndex(({ student }) => canHaveLabels(student));
  const loss = likeness({
    answers: comparedAnswers(part, kept),
    temperature,
    labelFraction: recovery.label_fraction,
    ...(labelled < 0 ? {} : { labelled }),
  });
  const batchSize = Math.min(recovery.batch_size, kept.rows);
  const steps = Math.max(1, Math.round(recovery.epochs * stepsPerEpoch(kept.rows, batchSize)));
  const schedule = scheduleOf(
    { name: 'cosine', warmup_fraction: warmupFraction, final_fraction: 0 },
    { learningRate: recovery.learning_rate, totalSteps: steps },
  );
  const training: Training = {
    network,
    loss,
    picker: rowPicker(part.prefix.row, loss.targets),
    optimizer: optimizerOf(optimizerSpec.parse({ name: 'adam' }), schedule),
    schedule,
    batchSize,
    seed: bench.seed,
  };
  return { training, steps };
}

async function trained(
  training: Training,
  steps: number,
  { kept, bench }: { readonly kept: KeptRows; readonly bench: Workbench },
): Promise<Weights> {
  const { runtime, provider, threads, signal, log, seed, memoryBytes } = bench;
  const { features, targets } = training.picker;
  const estimate = estimateMemory(training, kept.rows * (rowBytes(features) + rowBytes(targets)));
  refuseTooLarge(estimate, training, memoryBytes);
  const { weights } = await train(
    {
      training,
      rows: {
        rows: kept.rows,
        async *epoch(epoch) {
          yield { ...kept, order: shuffledOrder(kept.rows, seed, epoch) };
        },
      },
      initialWeights: initialWeights(training.network, seed),
      epochs: 1,
      steps,
      fingerprint: '',
    },
    { runtime, session: { provider, threads: stepThreads(estimate, threads) }, signal, log },
  );
  return weights;
}

/**
 * Trains all weights of a model that was changed so that it answers as the original does: scores behind a softmax or sigmoid
 * by their divergence, other numbers by their squared error over their variance, and the rows' labels as far as is asked for.
 * The same rows, settings and seed give the same weights. What rests on no weight, preprocessing above all, is run once.
 * `UnsuitableModelError` where there is nothing to train, `DivergenceError` where the loss is no longer a number, and
 * `InterruptedError` when the bench's signal says so.
 */
export async function recover(model: Model, options: RecoverOptions): Promise<Model> {
  const retrained = await retrain(model, options);
  return retrained.model;
}

/** As `recover`, and what each value of the model has become. */
export async function retrain(model: Model, options: RecoverOptions): Promise<Retrained> {
  const { bench, keepZeros = false } = options;
  const student = upgradeModel(model);
  const part = retrainedPart({
    student,
    teacher: upgradeModel(bench.original),
    signature: bench.signature,
    example: await firstRow(bench),
  });
  const kept = await rowsOf(part, bench);
  const network = keepZeros ? keepingZeros(part.network) : part.network;
  const { training, steps } = trainingOf(part, network, { kept, options });
  const weights = await trained(training, steps, { kept, bench });
  return withTensors(student, trainedTensors(part.weights, network, weights));
}
