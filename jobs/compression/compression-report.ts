import type { StepSpec } from '../../shared/contracts/compression/step-spec';

/** A number, and where it would lie for other rows of the same kind (percentile bootstrap). */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

/** What computing with a version would cost on AWS Lambda; each request costs its own price beside. */
export interface LambdaCost {
  /** The memory size at which a prediction costs least. */
  memory_mb: number;
  /** Of one prediction at that size, as billed: whole milliseconds. */
  billed_milliseconds: number;
  usd_per_million: number;
}

/** What was measured of one model file, in a process of its own. */
export interface Measured {
  bytes: number;
  gzip_bytes: number;
  /** The contract's metric. */
  metric: Interval;
  /** How much worse than the original, row by row on the same rows: under zero where it is better. */
  drop: Interval;
  /** One prediction at a time, one thread, warm. */
  latency_milliseconds: { p50: number; p95: number };
  /** Resident, of a process that serves this model alone. */
  memory_mib: number;
  lambda: LambdaCost;
}

/** A form of the model that was tried. */
export interface CandidateReport {
  /** Short and unique within the report: `int8_static`, `prune_channels + int8_static`, `int8_static#2`. */
  id: string;
  /** What was done, one step after the other; empty: the original after the lossless clean-up. */
  steps: readonly StepSpec[];
  /** Absent where it failed. */
  measured?: Measured | undefined;
  /** Why there are no numbers. */
  failed?: string | undefined;
  /** What of the contract it breaks, in words; empty where it keeps it. */
  breaks: readonly string[];
  /** No other candidate is better in one of bytes, latency and drop, and as good in the others. */
  on_front: boolean;
  /** Honest words: "no faster in ONNX Runtime". */
  notes: readonly string[];
  /** How long it took to make and to measure. */
  seconds: number;
}

/** How far a layer of the chosen candidate is from what it was. */
export interface LayerReport {
  layer: string;
  operator: string;
  shape: readonly number[];
  bytes_before: number;
  bytes_after: number;
  /** Norm of the difference of its results over the norm of what they were, over the calibration rows. */
  relative_error?: number | undefined;
  /** Why it stayed as it was. */
  kept?: string | undefined;
}

/** What the clean-up did, which changes no answer. */
export interface CleanupReport {
  bytes_before: number;
  bytes_after: number;
  latency_before: { p50: number; p95: number };
  latency_after: { p50: number; p95: number };
  /** How many nodes, weights or channels each pass changed; passes that found nothing are there with 0. */
  passes: readonly { name: string; changes: number }[];
}

/** The contract as it was held against: defaults filled in. */
export interface ReportedContract {
  metric: string;
  higher_is_better: boolean;
  max_drop: number;
  max_bytes?: number | undefined;
  max_latency_ms?: number | undefined;
  target: { cpu: string; memory_mb?: number | undefined };
}

/** `report.json` of a compression, and what `report.html` draws. */
export interface CompressionReport {
  model: { name: string; version: number };
  contract: ReportedContract;
  /** How many rows candidates were judged by and whence they are, and how many were calibrated on and learned from. */
  data: { judged_rows: number; judged_on: string; sample_rows: number };
  /** What the latency was measured on. */
  machine: { cpu: string; threads: number; provider: string };
  cleanup: CleanupReport;
  /** The model as it was given. */
  original: Measured;
  candidates: readonly CandidateReport[];
  chosen: {
    /** `original` where nothing keeps the contract. */
    id: string;
    why: string;
  };
  /** The candidate that came nearest to the contract, where none keeps it. */
  nearest_miss?: { id: string; why: string };
  /** Of the chosen one. */
  layers: readonly LayerReport[];
  seconds: number;
  notes: readonly string[];
}
