import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Checkpoint, JobContext } from '../../jobs/kinds/job-kind';
import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { JobProgress } from '../../shared/contracts/job';

export interface FolderJobContextOptions {
  /** Role -> path of an existing file. */
  inputs?: Readonly<Record<string, string>>;
  model?: JobContext['model'];
  models?: NonNullable<JobContext['models']>;
  threads?: number;
  memoryBytes?: number;
  /** Called with every checkpoint that was saved. */
  onCheckpoint?: (checkpoint: Checkpoint) => void;
}

/** A job's whole world in one temporary folder: real files, real DuckDB, real ONNX Runtime; no store and no queue. */
export interface FolderJobContext extends JobContext {
  readonly folder: string;
  /** Names of the outputs that were published, in order. */
  readonly published: readonly string[];
  readonly progress: readonly JobProgress[];
  readonly logs: readonly { level: string; message: string }[];
  output(name: string): Promise<Uint8Array>;
  /** As SIGTERM or a cancel would. */
  stop(reason?: string): void;
  /** The next attempt of the same job: checkpoints stay, everything else is new. */
  nextAttempt(): Promise<FolderJobContext>;
  remove(): Promise<void>;
}

export async function folderJobContext(options: FolderJobContextOptions = {}): Promise<FolderJobContext> {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-job-'));
  return contextIn(folder, options, { attempt: 1, kept: [] });
}

interface Attempt {
  attempt: number;
  kept: Checkpoint[];
}

async function contextIn(
  folder: string,
  options: FolderJobContextOptions,
  { attempt, kept }: Attempt,
): Promise<FolderJobContext> {
  const scratch = join(folder, `attempt-${attempt}`);
  await mkdir(join(scratch, 'outputs'), { recursive: true });
  const published: string[] = [];
  const progress: JobProgress[] = [];
  const logs: { level: string; message: string }[] = [];
  const stopping = new AbortController();
  const outputPath = (name: string) => join(scratch, 'outputs', name);
  return {
    folder,
    published,
    progress,
    logs,
    scratch,
    program: [process.execPath, '--import', 'tsx', join(process.cwd(), 'jobs/main.ts')],
    inputs: {
      get roles() {
        return Object.keys(options.inputs ?? {});
      },
      has: (role) => options.inputs?.[role] !== undefined,
      async path(role) {
        const path = options.inputs?.[role];
        if (path === undefined) throw new Error(`the test gave no input '${role}'`);
        return path;
      },
    },
    outputs: {
      path: outputPath,
      async publish(name, bytes) {
        if (bytes) await writeFile(outputPath(name), bytes);
        await readFile(outputPath(name));
        published.push(name);
      },
    },
    checkpoints: {
      async save(checkpoint) {
        kept.splice(0, kept.length, checkpoint);
        options.onCheckpoint?.(checkpoint);
      },
      latest: async () => kept.at(-1),
    },
    runtime: onnxModelRuntime(),
    threads: options.threads ?? 2,
    provider: 'cpu',
    memoryBytes: options.memoryBytes ?? 4 * 2 ** 30,
    model: options.model,
    models: options.models,
    signal: stopping.signal,
    report: (reported) => void progress.push(reported),
    log: (level, message) => void logs.push({ level, message }),
    output: async (name) => new Uint8Array(await readFile(outputPath(name))),
    stop: (reason = 'SIGTERM') => stopping.abort(reason),
    nextAttempt: () => contextIn(folder, options, { attempt: attempt + 1, kept }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
