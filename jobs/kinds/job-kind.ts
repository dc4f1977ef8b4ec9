import type { JobManifest } from '../../shared/contracts/events';
import type { JobKind, JobProgress, JobSpec } from '../../shared/contracts/job';
import type { RunOrder } from '../../shared/contracts/run-order';
import type { ModelRuntime } from '../../shared/ports/model-runtime';

export interface Checkpoint {
  /** Rises within a job, whatever the attempt. */
  step: number;
  files: Readonly<Record<string, Uint8Array>>;
}

export interface Checkpoints {
  /** Atomic: a checkpoint is there with every file's digest proven, or not at all. Older ones are removed. */
  save(checkpoint: Checkpoint): Promise<void>;
  /** The newest whole one, of any attempt. */
  latest(): Promise<Checkpoint | undefined>;
}

export interface Inputs {
  /** Of every input that there is. */
  readonly roles: readonly string[];
  /** Path of the decrypted input in this run's scratch folder; fetched, and its digest proven, on first use. */
  path(role: string): Promise<string>;
  has(role: string): boolean;
}

export interface Outputs {
  /** A path in the scratch folder to write a file of that name at. */
  path(name: string): string;
  /** Uploads what was written there, or these bytes; the name then stands in the manifest. */
  publish(name: string, bytes?: Uint8Array): Promise<void>;
}

/** All that a kind sees of the world: no store, no ids, no states, no exit codes. */
export interface JobContext {
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  readonly checkpoints: Checkpoints;
  readonly runtime: ModelRuntime;
  /** Intra-op threads to ask of the runtime: fixed per job, so that results repeat. */
  readonly threads: number;
  readonly provider: 'cpu' | 'cuda';
  /** Bytes that this process may use in all. */
  readonly memoryBytes: number;
  /** Program and arguments that start this program anew; a trial's order is put behind them. */
  readonly program: readonly [string, ...string[]];
  /** The model that the job starts from, where its kind has one. */
  readonly model: RunOrder['model'];
  /** What the model files among the inputs are, by role: `base`, `teacher`. */
  readonly models?: RunOrder['models'];
  /** A folder of this run alone, for DuckDB's spills. */
  readonly scratch: string;
  /** Aborts on SIGTERM and on cancel; a kind that sees it throws `InterruptedError` after its last checkpoint. */
  readonly signal: AbortSignal;
  /** Sent at most every 2 s; the last one always. */
  report(progress: JobProgress): void;
  log(level: 'info' | 'warn' | 'error', message: string): void;
}

export interface JobKindDefinition<K extends JobKind = JobKind> {
  readonly name: K;
  run(spec: JobSpec<K>, context: JobContext): Promise<JobManifest['result']>;
}
