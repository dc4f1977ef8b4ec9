import type {
  CandidateReport,
  CompressionReport,
  LayerReport,
  Measured,
} from '../../../jobs/compression/compression-report';
import { stepSpec } from '../../../shared/contracts/compression/step-spec';

/** A model of so many bytes with such an accuracy, everything else in keeping. */
export const someMeasuredModel = (bytes: number, accuracy: number, milliseconds: number): Measured => ({
  bytes,
  gzip_bytes: Math.round(bytes * 0.91),
  metric: { value: accuracy, low: accuracy - 0.0052, high: accuracy + 0.0049 },
  drop: { value: 0.9258 - accuracy, low: 0.9258 - accuracy - 0.0013, high: 0.9258 - accuracy + 0.0014 },
  latency_milliseconds: { p50: milliseconds, p95: milliseconds * 1.18 },
  memory_mib: 70 + bytes / 2 ** 20,
  lambda: {
    memory_mb: 512,
    billed_milliseconds: Math.ceil(milliseconds),
    usd_per_million: 0.2 + milliseconds * 8.3,
  },
});

/** One that was measured, by its first step's name. */
export const aCandidate = (id: string, changes: Partial<CandidateReport> = {}): CandidateReport => ({
  id,
  steps: [stepSpec.parse({ name: 'int8_static' })],
  measured: someMeasuredModel(120_000, 0.9251, 0.21),
  breaks: [],
  on_front: false,
  notes: [],
  seconds: 14.2,
  ...changes,
});

/** One that came to nothing. */
export const failedCandidate = (id: string, failed: string): CandidateReport => {
  const { measured: _, ...candidate } = aCandidate(id);
  return { ...candidate, failed };
};

const aLayer = (layer: string, changes: Partial<LayerReport> = {}): LayerReport => ({
  layer,
  operator: 'Conv',
  shape: [64, 32, 3, 3],
  bytes_before: 73_728,
  bytes_after: 18_688,
  ...changes,
});

/** The report of a compression that found something. */
export function aCompression(changes: Partial<CompressionReport> = {}): CompressionReport {
  const steps = (...given: unknown[]) => given.map((step) => stepSpec.parse(step));
  return {
    model: { name: 'fashion', version: 3 },
    contract: {
      metric: 'accuracy',
      higher_is_better: true,
      max_drop: 0.005,
      max_bytes: 200_000,
      max_latency_ms: 0.4,
      target: { cpu: 'avx512vnni', memory_mb: 1_024 },
    },
    data: { judged_rows: 10_000, judged_on: 'the rows that its training held out', sample_rows: 1_024 },
    machine: { cpu: 'AMD EPYC 9B14', threads: 1, provider: 'cpu' },
    cleanup: {
      bytes_before: 437_120,
      bytes_after: 428_311,
      latency_before: { p50: 0.482, p95: 0.533 },
      latency_after: { p50: 0.419, p95: 0.46 },
      passes: [
        { name: 'fold_batch_norm', changes: 3 },
        { name: 'fold_constants', changes: 5 },
        { name: 'flush_denormals', changes: 0 },
      ],
    },
    original: someMeasuredModel(437_120, 0.9258, 0.482),
    candidates: [
      aCandidate('clean_up', {
        steps: [],
        measured: someMeasuredModel(428_311, 0.9258, 0.419),
        breaks: ['428,311 bytes are more than 200,000'],
      }),
      aCandidate('int8_static', { measured: someMeasuredModel(117_402, 0.9251, 0.206), on_front: true }),
      aCandidate('int8_dynamic', {
        steps: steps({ name: 'int8_dynamic' }),
        measured: someMeasuredModel(119_030, 0.9255, 0.71),
        breaks: ['p95 of 0.838 ms is more than 0.4 ms'],
      }),
      aCandidate('weight_only', {
        steps: steps({ name: 'weight_only', bits: 4 }),
        measured: someMeasuredModel(88_210, 0.9187, 0.49),
        breaks: ['accuracy drops by 0.0071, more than 0.005'],
      }),
      aCandidate('weight_only#2', {
        steps: steps({ name: 'weight_only', bits: 2, block: 16 }),
        measured: someMeasuredModel(61_422, 0.1043, 0.5),
        breaks: ['accuracy drops by 0.8215, more than 0.005'],
      }),
      aCandidate('prune_channels + int8_static', {
        steps: steps(
          { name: 'prune_channels', importance: 'taylor', rounds: 3, recovery: { epochs: 2 } },
          { name: 'int8_static', calibration: { method: 'percentile' } },
        ),
        measured: someMeasuredModel(46_080, 0.9214, 0.093),
        on_front: true,
        notes: ['kept four layers in floats'],
      }),
      aCandidate('float16', {
        steps: steps({ name: 'float16' }),
        measured: someMeasuredModel(219_904, 0.9258, 0.66),
        breaks: ['219,904 bytes are more than 200,000', 'p95 of 0.779 ms is more than 0.4 ms'],
        notes: ['no faster on a CPU'],
      }),
      failedCandidate('distill', 'the process ended by signal SIGKILL'),
    ],
    chosen: {
      id: 'prune_channels + int8_static',
      why: 'Of those that keep the contract it is the smallest and the fastest.',
    },
    layers: [
      aLayer('block_0.conv_0.weight', { relative_error: 0.0123 }),
      aLayer('block_1.conv_0.weight', { relative_error: 0.0341 }),
      aLayer('block_2.conv_0.weight', { relative_error: 0.0207 }),
      aLayer('output.weight', {
        operator: 'Gemm',
        shape: [1_152, 10],
        kept: 'its error of 0.21 breaks the contract',
      }),
    ],
    seconds: 412,
    notes: ['The machine was busy while latencies were measured.'],
    ...changes,
  };
}
