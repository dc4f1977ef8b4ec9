import type { JobManifest, ManifestFile } from '../../shared/contracts/events';
import { type Job, type JobKind, jobSpecs } from '../../shared/contracts/job';
import { ConflictError } from '../../shared/errors/request-errors';
import type { DatasetStore } from '../../shared/stores/dataset-store';
import type { JobRecord } from '../../shared/stores/job-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import { firstWithin } from './first-within';
import { OutputUnverifiedError } from './read-manifest';

export interface EffectStores {
  datasets: Pick<DatasetStore, 'markReady' | 'markRejected'>;
  models: Pick<ModelRegistry, 'registerVersion' | 'markVersionReady' | 'markVersionRejected'>;
}

type Result = JobManifest['result'];
type ResultType = Result['type'];
type ResultOf<T extends ResultType> = Extract<Result, { type: T }>;
type ModelResult = ResultOf<'model'>;
type Output = NonNullable<Job['output']>;

interface Done<T extends ResultType> {
  stores: EffectStores;
  job: JobRecord;
  result: ResultOf<T>;
  fileNamed: (name: string) => ManifestFile;
}

type Effect<T extends ResultType> = (done: Done<T>) => Promise<Output>;

const datasetOf = ({ tenant, spec }: JobRecord) => ({ tenant, id: jobSpecs.ingest.parse(spec).dataset });
const importOf = ({ tenant, spec }: JobRecord) => ({ tenant, ...jobSpecs.import.parse(spec).model });

const gone = (what: string) =>
  new ConflictError(`${what} was deleted, or came to another end, while the job ran`, 'superseded');

const datasetReady: Effect<'dataset_ready'> = async ({ stores, job, result, fileNamed }) => {
  const { rows, data, profile } = result;
  const files = { data: fileNamed(data), profile: fileNamed(profile) };
  const move = await stores.datasets.markReady({ ...datasetOf(job), job: job.id, rows, ...files });
  if (move?.dataset.state !== 'ready') throw gone('the data set');
  return {};
};

/** Of a record, which holds 400 KiB at most; a file has as many errors, with as long names of columns, as it likes. */
const longestErrors = 256 * 1024;

const datasetRejected: Effect<'dataset_rejected'> = async ({ stores, job, result }) => {
  const errors = firstWithin(result.errors, longestErrors);
  const truncated = result.truncated || errors.length < result.errors.length;
  await stores.datasets.markRejected({ ...datasetOf(job), job: job.id, errors, truncated });
  return {};
};

/** Where the job's own spec registers its model: a container has no say in it, nor in what an alias points at. */
const registrations: Partial<Record<JobKind, (spec: unknown) => ModelResult['register']>> = {
  train: (spec) => jobSpecs.train.parse(spec).register,
  tune: (spec) => jobSpecs.tune.parse(spec).register,
  compress: (spec) => {
    const { register, model } = jobSpecs.compress.parse(spec);
    return register ?? { name: model.name };
  },
};

const placeOf = (place: ModelResult['register'] | undefined): string =>
  place === undefined ? 'nothing' : `'${place.name}' under ${place.alias ?? 'no alias'}`;

const model: Effect<'model'> = async ({ stores, job, result, fileNamed }) => {
  const { register, metrics, signature, lineage, test_rows } = result;
  const asked = registrations[job.kind]?.(job.spec);
  if (asked === undefined || register.name !== asked.name || register.alias !== asked.alias) {
    const [told, wanted] = [register, asked].map(placeOf);
    throw new OutputUnverifiedError(`the run registers ${told}, and its spec says ${wanted}`);
  }
  const { name, version } = await stores.models.registerVersion({
    tenant: job.tenant,
    name: asked.name,
    alias: asked.alias,
    job: job.id,
    artifact: fileNamed(result.model),
    testRows: test_rows === undefined ? undefined : fileNamed(test_rows),
    signature,
    metrics,
    lineage,
  });
  return { model: { name, version }, metrics };
};

type Told = NonNullable<Output['model']>;

/** The spec's word decides which model a job worked on; which version an alias meant, only the run knows. */
function verifyModel(told: Told, asked: { name: string; version?: number | undefined }, what: string): void {
  if (told.name === asked.name && (asked.version ?? told.version) === told.version) return;
  const [one, other] = [`${told.name}/${told.version}`, `${asked.name}/${asked.version ?? 'any'}`];
  throw new OutputUnverifiedError(`the run ${what} '${one}', and its spec says '${other}'`);
}

const evaluation: Effect<'evaluation'> = async ({ job, result, fileNamed }) => {
  const { model: told, metrics } = result;
  verifyModel(told, jobSpecs.evaluate.parse(job.spec).model, 'measured');
  fileNamed(result.evaluation);
  return { model: told, metrics };
};

/** A compression that found nothing better registers nothing, and its output is the version that it began with. */
const modelKept: Effect<'model_kept'> = async ({ job, result: { model: told, metrics } }) => {
  verifyModel(told, jobSpecs.compress.parse(job.spec).model, 'kept');
  return { model: told, metrics };
};

const modelImported: Effect<'model_imported'> = async ({ stores, job, result }) => {
  const address = importOf(job);
  const { signature } = result;
  const move = await stores.models.markVersionReady({ ...address, job: job.id, signature });
  if (move?.version.state !== 'ready') throw gone('the model version');
  return { model: { name: address.name, version: address.version } };
};

const modelRejected: Effect<'model_rejected'> = async ({ stores, job, result }) => {
  const errors = firstWithin(result.errors, longestErrors);
  await stores.models.markVersionRejected({ ...importOf(job), job: job.id, errors });
  return {};
};

const effects: { readonly [T in ResultType]: Effect<T> } = {
  dataset_ready: datasetReady,
  dataset_rejected: datasetRejected,
  model,
  evaluation,
  model_kept: modelKept,
  model_imported: modelImported,
  model_rejected: modelRejected,
};

const resultsOfKind: Readonly<Record<JobKind, readonly ResultType[]>> = {
  ingest: ['dataset_ready', 'dataset_rejected'],
  train: ['model'],
  compress: ['model', 'model_kept'],
  evaluate: ['evaluation'],
  tune: ['model'],
  import: ['model_imported', 'model_rejected'],
};

const apply = <T extends ResultType>(type: T, done: Done<T>): Promise<Output> => effects[type](done);

/**
 * Gives the world what a verified manifest says came of a job, and answers with the job's `output`. Every effect may be
 * applied again. `OutputUnverifiedError` where the result is none of the job's kind.
 */
export function applyResult(stores: EffectStores, job: JobRecord, manifest: JobManifest): Promise<Output> {
  const { result, files } = manifest;
  if (!resultsOfKind[job.kind].includes(result.type)) {
    throw new OutputUnverifiedError(`a job of kind '${job.kind}' has no result '${result.type}'`);
  }
  const fileNamed = (name: string): ManifestFile => {
    const file = Object.hasOwn(files, name) ? files[name] : undefined;
    if (file === undefined) throw new OutputUnverifiedError(`the manifest lists no file '${name}'`);
    return file;
  };
  return apply(result.type, { stores, job, result, fileNamed });
}

const whatHappened = ({ id, state, error, reason }: JobRecord) =>
  `the job '${id}' that was to read it ${state === 'cancelled' ? 'was cancelled' : 'failed'}: ${error?.detail ?? reason ?? 'no reason is known'}`;

const failureByKind: Partial<Record<JobKind, (stores: EffectStores, job: JobRecord) => Promise<unknown>>> = {
  ingest: ({ datasets }, job) =>
    datasets.markRejected({
      ...datasetOf(job),
      job: job.id,
      errors: [{ code: 'job_failed', detail: whatHappened(job) }],
    }),
  import: ({ models }, job) =>
    models.markVersionRejected({
      ...importOf(job),
      job: job.id,
      errors: [{ code: 'job_failed', detail: whatHappened(job) }],
    }),
};

/** Tells whatever waits for a job that nothing will come of it; safe to do twice. */
export async function applyFailure(stores: EffectStores, job: JobRecord): Promise<void> {
  await failureByKind[job.kind]?.(stores, job);
}
