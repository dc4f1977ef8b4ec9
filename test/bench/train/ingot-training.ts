import { rowPicker } from '../../../jobs/training/batch-picker';
import { softmaxCrossEntropy } from '../../../jobs/training/losses/cross-entropy';
import { matricesOnly } from '../../../jobs/training/optimizers/decayed';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { type RowType, rowLength } from '../../../jobs/training/row-type';
import { constantSchedule } from '../../../jobs/training/schedules';
import type { EpochChunk } from '../../../jobs/training/training-rows';
import type { Training } from '../../../jobs/training/training-step';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { networkOf } from './networks';
import type { Workload } from './workloads';

/** As in PyTorch, whose AdamW decays by this where nothing else is said. */
const optimizers = {
  mlp: { name: 'adam' },
  cnn: { name: 'adam' },
  transformer: { name: 'adamw', weight_decay: 0.01 },
} as const;

/** What Ingot trains for a workload, and what its rows are. */
export function trainingOf(workload: Workload): { training: Training; rows: RowType } {
  const { network, rows } = networkOf(workload);
  const schedule = constantSchedule(0.001);
  const spec = optimizerSpec.parse(optimizers[workload.network]);
  const training: Training = {
    network,
    picker: rowPicker(rows, softmaxCrossEntropy.targets),
    loss: softmaxCrossEntropy,
    optimizer: optimizerOf(spec, schedule, { isDecayed: matricesOnly }),
    schedule,
    batchSize: workload.batch,
    seed: 1,
  };
  return { training, rows };
}

/** Numbers from 0 up to 1 that look drawn: their values do not change the speed. */
const spread = (index: number): number => ((index * 7_919) % 65_536) / 65_536;

function features(workload: Workload, type: RowType, rows: number): Tensor {
  const most =
    workload.network === 'transformer' ? workload.vocabulary : workload.network === 'cnn' ? 256 : 1;
  const whole = type.elementType !== 'float';
  const values = Array.from({ length: rows * rowLength(type) }, (_, index) => spread(index) * most);
  return tensor(type.elementType, [rows, ...type.dims], whole ? values.map(Math.floor) : values);
}

/** So many batches of a workload's rows. */
export function rowsOf(workload: Workload, type: RowType, batches: number): EpochChunk {
  const rows = batches * workload.batch;
  const targets = BigInt64Array.from({ length: rows }, (_, row) => BigInt((row * 31) % workload.classes));
  return { rows, features: features(workload, type, rows), targets: tensor('int64', [rows], targets) };
}
