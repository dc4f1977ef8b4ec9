import type { z } from 'zod';
import type { StepSpec } from '../../shared/contracts/compression/step-spec';
import type { ManifestFile } from '../../shared/contracts/events';
import { type JobKind, type JobSpec, jobSpecs } from '../../shared/contracts/job';
import { objectKeys } from '../../shared/contracts/job-files';
import type { OrderModel, RunOrder } from '../../shared/contracts/run-order';
import { BadSpecError } from '../../shared/errors/job-errors';
import { ConflictError, NotFoundError } from '../../shared/errors/request-errors';
import type { DatasetRecord, DatasetStore } from '../../shared/stores/dataset-store';
import type { ModelRegistry } from '../../shared/stores/model-registry';

export interface JobInputStores {
  datasets: Pick<DatasetStore, 'get'>;
  models: Pick<ModelRegistry, 'getVersion' | 'resolve'>;
}

/** What a job of a kind reads: objects by role, the model that it starts from, and models that it reads beside, by role. */
export type JobInputs = Pick<RunOrder, 'inputs' | 'model' | 'models'>;

interface Asked {
  stores: JobInputStores;
  tenant: string;
}

const inputOf = ({ key, sha256 }: ManifestFile) => ({ key, sha256 });

async function requireDataset({ stores, tenant }: Asked, id: string): Promise<DatasetRecord> {
  const found = await stores.datasets.get({ tenant, id });
  if (found === undefined) throw new NotFoundError('data set', id);
  return found;
}

/** A data set that a job can learn from. */
export async function requireReadyDataset(
  asked: Asked,
  id: string,
): Promise<DatasetRecord & Required<Pick<DatasetRecord, 'data' | 'profile'>>> {
  const found = await requireDataset(asked, id);
  const { state, data, profile } = found;
  if (state === 'ready' && data && profile) return { ...found, data, profile };
  throw new ConflictError(
    `the data set '${id}' is ${state}; only one that is ready can be used`,
    'dataset_not_ready',
  );
}

type Resolve<S> = (spec: S, asked: Asked) => Promise<JobInputs>;

/** A row of the table below: stored specs are parsed again, so that a row sees its own kind's type. */
const forSpec =
  <S extends z.ZodType>(schema: S, resolve: Resolve<z.output<S>>) =>
  (spec: unknown, asked: Asked) =>
    resolve(schema.parse(spec), asked);

const ingest = forSpec(jobSpecs.ingest, async ({ dataset }, asked) => {
  const { source } = await requireDataset(asked, dataset);
  const key = objectKeys.datasetSource(asked.tenant, dataset);
  return { inputs: { source: source === undefined ? { key } : { key, sha256: source.sha256 } } };
});

async function datasetInputs(
  { dataset, test_dataset }: JobSpec<'train'>,
  asked: Asked,
): Promise<JobInputs['inputs']> {
  const { data, profile } = await requireReadyDataset(asked, dataset);
  const inputs = { data: inputOf(data), profile: inputOf(profile) };
  if (test_dataset === undefined) return inputs;
  const test = await requireReadyDataset(asked, test_dataset);
  return { ...inputs, test_data: inputOf(test.data), test_profile: inputOf(test.profile) };
}

type Reference = JobSpec<'compress'>['model'];

/** A version that a job can start from, with its file. */
export async function requireVersion(
  { stores, tenant }: Asked,
  reference: Reference,
): Promise<{ model: OrderModel; artifact: ManifestFile; test_rows?: ManifestFile }> {
  const { name } = reference;
  const { version } = await stores.models.resolve({ tenant, ...reference });
  const found = await stores.models.getVersion({ tenant, name, version });
  if (found?.artifact === undefined) throw new NotFoundError('model version', `${name}/${version}`);
  const { artifact, test_rows, signature, lineage } = found;
  const model = { name, version, lineage, ...(signature === undefined ? {} : { signature }) };
  return { model, artifact, ...(test_rows === undefined ? {} : { test_rows }) };
}

/** Models that a train job reads beside its data. */
const modelRoles: Readonly<Record<string, (spec: JobSpec<'train'>) => Reference | undefined>> = {
  base: ({ model }) => (model.family === 'finetune' ? model.from : undefined),
  teacher: ({ loss }) => (loss?.name === 'kl_divergence' ? loss.teacher : undefined),
};

async function modelInputs(
  spec: JobSpec<'train'>,
  asked: Asked,
): Promise<{ inputs: JobInputs['inputs']; models: NonNullable<JobInputs['models']> }> {
  const found = await Promise.all(
    Object.entries(modelRoles).map(async ([role, referenceIn]) => {
      const reference = referenceIn(spec);
      return reference === undefined ? [] : [{ role, ...(await requireVersion(asked, reference)) }];
    }),
  );
  const read = found.flat();
  return {
    inputs: Object.fromEntries(read.map(({ role, artifact }) => [role, inputOf(artifact)])),
    models: Object.fromEntries(read.map(({ role, model }) => [role, model])),
  };
}

async function trainingInputs(spec: JobSpec<'train'>, asked: Asked): Promise<JobInputs> {
  const inputs = await datasetInputs(spec, asked);
  const read = await modelInputs(spec, asked);
  if (Object.keys(read.models).length === 0) return { inputs };
  return { inputs: { ...inputs, ...read.inputs }, models: read.models };
}

const train = forSpec(jobSpecs.train, trainingInputs);

/** What every trial reads. */
const tune = forSpec(jobSpecs.tune, ({ train: common, register }, asked) =>
  trainingInputs({ ...common, register }, asked),
);

/** What the model was trained on, where the spec names no data set and it is still there. */
async function compressedData(
  { dataset }: JobSpec<'compress'>,
  { lineage }: OrderModel,
  asked: Asked,
): Promise<ManifestFile | undefined> {
  if (dataset !== undefined) return (await requireReadyDataset(asked, dataset)).data;
  if (lineage.dataset === undefined || lineage.split === undefined) return undefined;
  const found = await asked.stores.datasets.get({ tenant: asked.tenant, id: lineage.dataset });
  return found?.state === 'ready' ? found.data : undefined;
}

const isStep = (step: unknown): step is StepSpec => typeof step === 'object';

/** The version that students learn from, where a step names another than the model itself; `BadSpecError` of two. */
export function teacherOf({ methods }: JobSpec<'compress'>): Reference | undefined {
  const named = methods
    .flat()
    .filter(isStep)
    .flatMap((step) => (step.name === 'distill' ? (step.teacher ?? []) : []));
  const different = new Set(named.map((reference) => JSON.stringify(reference)));
  if (different.size < 2) return named[0];
  const detail = `the steps name ${different.size} teachers, and a job reads one beside its model: submit a job for each`;
  throw new BadSpecError(detail, [{ pointer: '/spec/methods', detail }]);
}

const compress = forSpec(jobSpecs.compress, async (spec, asked) => {
  const { model, artifact, test_rows: heldOut } = await requireVersion(asked, spec.model);
  const data = await compressedData(spec, model, asked);
  if (data === undefined && heldOut === undefined) throw withoutRows(model);
  const reference = teacherOf(spec);
  const teacher = reference && (await requireVersion(asked, reference));
  const inputs = {
    model: inputOf(artifact),
    ...(heldOut ? { test_rows: inputOf(heldOut) } : {}),
    ...(data ? { data: inputOf(data) } : {}),
    ...(teacher ? { teacher: inputOf(teacher.artifact) } : {}),
  };
  return { inputs, model, ...(teacher ? { models: { teacher: teacher.model } } : {}) };
});

const evaluate = forSpec(jobSpecs.evaluate, async (spec, asked) => {
  const { model, artifact, test_rows } = await requireVersion(asked, spec.model);
  const data = spec.dataset === undefined ? test_rows : (await requireReadyDataset(asked, spec.dataset)).data;
  if (data === undefined) throw withoutRows(model);
  return { inputs: { model: inputOf(artifact), data: inputOf(data) }, model };
});

function withoutRows({ name, version }: OrderModel): BadSpecError {
  const detail = `version ${version} of the model '${name}' came without held-out rows to be measured on; give a dataset`;
  return new BadSpecError(detail, [{ pointer: '/spec/dataset', detail }]);
}

const importModel = forSpec(jobSpecs.import, async ({ model }, { stores, tenant }) => {
  const found = await stores.models.getVersion({ tenant, ...model });
  if (found === undefined) throw new NotFoundError('model version', `${model.name}/${model.version}`);
  const key = objectKeys.modelUpload(tenant, model.name, model.version);
  const { artifact, signature, lineage } = found;
  return {
    inputs: { model: artifact === undefined ? { key } : inputOf(artifact) },
    model: { ...model, lineage, ...(signature === undefined ? {} : { signature }) },
  };
});

const inputsByKind: Readonly<Record<JobKind, (spec: unknown, asked: Asked) => Promise<JobInputs>>> = {
  ingest,
  train,
  compress,
  evaluate,
  tune,
  import: importModel,
};

/**
 * What a job reads, looked up by its kind. `NotFoundError` and `ConflictError` where what its spec names is not there for
 * this tenant, or cannot be used now.
 */
export const resolveInputs = (
  stores: JobInputStores,
  { tenant, kind, spec }: { tenant: string; kind: JobKind; spec: unknown },
): Promise<JobInputs> => inputsByKind[kind](spec, { stores, tenant });

/** What the job's container may touch: what it reads, and its own prefixes. */
export function grantFor(
  { tenant, id }: { tenant: string; id: string },
  inputs: JobInputs['inputs'],
): RunOrder['grant'] {
  const own = [objectKeys.jobPrefix(tenant, id), objectKeys.checkpointPrefix(tenant, id)];
  return { read: [...Object.values(inputs).map(({ key }) => key), ...own], write: own };
}
