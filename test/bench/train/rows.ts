import { type Row, withGoal } from '../row';
import { leastSquares } from './least-squares';
import { overheadOf } from './overhead';
import { compared, type Times } from './race';
import { arithmetic, type MlpWorkload, type Workload, weightCount } from './workloads';

const ingot = 'Ingot';

/** Ingot's step beside another's; none where the other was not there. */
export function stepRow(what: string, times: Times, peer: string, most?: number): Row[] {
  const found = compared(times, ingot, peer);
  if (found === undefined) return [];
  const { value, peerValue: peer_value, ratio } = found;
  const row = { name: `${what}: a step`, unit: 'ms', value, peer, peer_value, ratio };
  return [most === undefined ? row : withGoal(row, '<=', most)];
}

/** The arithmetic of an MLP's step beside that of one product of matrices of so many rows and columns. */
export function arithmeticRow(workload: MlpWorkload, size: number, times: Times, least: number): Row[] {
  const peer = 'bare MatMul';
  const found = compared(times, peer, ingot);
  if (found === undefined) return [];
  const [own, bare] = [arithmetic(workload) / 1e6, (2 * size ** 3) / 1e6];
  const row = {
    name: "MLP: the step's arithmetic, all of its time",
    unit: 'GFLOP/s',
    value: own / found.peerValue,
    peer: `bare MatMul ${size}x${size}`,
    peer_value: bare / found.value,
    ratio: (own / bare) * found.ratio,
  };
  return [withGoal(row, '>=', least)];
}

const mebibytes = (bytes: number): number => bytes / 2 ** 20;

/** The most memory that the processes held; each did nothing else. */
export function memoryRow(what: string, peaks: ReadonlyMap<string, number>, most: number): Row[] {
  const [own, theirs] = [peaks.get(ingot), peaks.get('PyTorch')];
  if (own === undefined || theirs === undefined) return [];
  const [value, peer_value] = [mebibytes(own), mebibytes(theirs)];
  const row = {
    name: `${what}: peak memory of the process`,
    unit: 'MiB',
    value,
    peer: 'PyTorch',
    peer_value,
  };
  return [withGoal({ ...row, ratio: value / peer_value }, '<=', most)];
}

/** How much of a training is not computing. */
export async function overheadRow(what: string, workload: Workload, steps: number, threads: number) {
  const { step, outside } = await overheadOf(workload, steps, threads);
  const row: Row = {
    name: `${what}: train() outside session.run, a step`,
    unit: 'ms',
    value: outside,
    peer: 'the whole step',
    peer_value: step,
    ratio: outside / step,
  };
  return withGoal(row, '<=', 0.05);
}

export interface Measured {
  readonly workload: MlpWorkload;
  readonly ms: number;
}

const sizeOf = {
  batch: ({ batch }: MlpWorkload) => batch,
  parameters: weightCount,
} as const;

/** The step's time over batch or parameters, and how well a line tells it. */
export function curveRows(along: keyof typeof sizeOf, measured: readonly Measured[]): Row[] {
  const points = measured.map(({ workload, ms }) => [sizeOf[along](workload), ms] as const);
  const { r2 } = leastSquares(points);
  const rows = points.map(([size, value]) => ({ name: `MLP, ${along} ${size}: a step`, unit: 'ms', value }));
  const fit = { name: `MLP: time over ${along}, fit of a line`, unit: 'R2', value: r2 };
  return [...rows, withGoal(fit, '>=', 0.98)];
}
