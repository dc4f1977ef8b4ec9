import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { TargetCpu } from '../../shared/contracts/compression/contract-spec';
import type { Interval, Measured } from '../compression/compression-report';
import { lambdaCost } from './lambda-cost';
import type { OrderOf, OutcomeOf } from './orders';
import type { RunTask } from './run-task';

/** What the contract's owner serves on. */
export interface ServingTarget {
  readonly cpu: TargetCpu;
  readonly mostMegabytes?: number | undefined;
}

type MeasureOrder = OrderOf<'measure'>;

export interface MeasureRequest extends Pick<MeasureOrder, 'model' | 'original' | 'judged' | 'answers'> {
  readonly deadlineMilliseconds?: number;
}

/** Runs a model in a process of its own. */
export async function askModel(
  runTask: RunTask,
  { deadlineMilliseconds, ...order }: MeasureRequest,
): Promise<OutcomeOf<'measure'> | { failed: string }> {
  const result = await runTask(
    'measure',
    order,
    deadlineMilliseconds === undefined ? {} : { deadlineMilliseconds },
  );
  return 'failed' in result ? { failed: result.failed } : result.done;
}

const gzipped = promisify(gzip);

/** As most tools compress. */
const gzipLevel = 6;

export interface Numbers {
  readonly file: string;
  readonly asked: OutcomeOf<'measure'>;
  readonly metric: Interval;
  readonly drop: Interval;
  readonly target: ServingTarget;
  /** Of the original when it was measured first: a machine that is slower now is no fault of the candidate. */
  readonly reference?: OutcomeOf<'measure'>['latency'] | undefined;
}

/** All numbers of a model file. */
export async function measuredOf({
  file,
  asked,
  metric,
  drop,
  target,
  reference,
}: Numbers): Promise<Measured> {
  const bytes = await readFile(file);
  const { latency, originalLatency, memoryMib } = asked;
  const pace = reference && originalLatency ? reference.p50 / originalLatency.p50 : 1;
  const [p50, p95] = [latency.p50 * pace, latency.p95 * pace];
  return {
    bytes: bytes.byteLength,
    gzip_bytes: (await gzipped(bytes, { level: gzipLevel })).byteLength,
    metric,
    drop,
    latency_milliseconds: { p50, p95 },
    memory_mib: Math.round(memoryMib),
    lambda: lambdaCost({ milliseconds: p50, memoryMib: Math.round(memoryMib), ...target }),
  };
}
