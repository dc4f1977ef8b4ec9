import type {
  CandidateReport,
  Measured,
  ReportedContract,
} from '../../../jobs/compression/compression-report';
import { stepSpec } from '../../../shared/contracts/compression/step-spec';

/** Numbers of a candidate that keeps any contract of these tests. */
export const measured = (changes: Partial<Measured> = {}): Measured => ({
  bytes: 1_000,
  gzip_bytes: 900,
  metric: { value: 0.9, low: 0.88, high: 0.92 },
  drop: { value: 0, low: 0, high: 0 },
  latency_milliseconds: { p50: 1, p95: 1.2 },
  memory_mib: 90,
  lambda: { memory_mb: 128, billed_milliseconds: 14, usd_per_million: 0.23 },
  ...changes,
});

export const candidate = (id: string, changes: Partial<Measured> = {}): CandidateReport => ({
  id,
  steps: [stepSpec.parse({ name: 'float16' })],
  measured: measured(changes),
  breaks: [],
  on_front: false,
  notes: [],
  seconds: 1,
});

export const contract: ReportedContract = {
  metric: 'accuracy',
  higher_is_better: true,
  max_drop: 0.01,
  target: { cpu: 'any' },
};

export const drop = (value: number): Pick<Measured, 'drop'> => ({ drop: { value, low: value, high: value } });
export const latency = (p50: number, p95 = p50): Pick<Measured, 'latency_milliseconds'> => ({
  latency_milliseconds: { p50, p95 },
});
