import type { z } from 'zod';
import type { ManifestFile } from '../../shared/contracts/events';
import { type JobKind, jobSpecs } from '../../shared/contracts/job';
import { objectKeys } from '../../shared/contracts/job-files';
import type { RunOrder } from '../../shared/contracts/run-order';
import { ConflictError, NotFoundError } from '../../shared/errors/request-errors';
import type { DatasetRecord, DatasetStore } from '../../shared/stores/dataset-store';
import type { ModelRegistry } from '../../shared/stores/model-registry';

export interface JobInputStores {
  datasets: Pick<DatasetStore, 'get'>;
  models: Pick<ModelRegistry, 'getVersion' | 'resolve'>;
}

/** What a job of a kind reads: objects by role, and the model that it starts from. */
export type JobInputs = Pick<RunOrder, 'inputs' | 'model'>;

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

const train = forSpec(jobSpecs.train, async ({ dataset, test_dataset }, asked) => {
  const { data, profile } = await requireReadyDataset(asked, dataset);
  const inputs = { data: inputOf(data), profile: inputOf(profile) };
  if (test_dataset === undefined) return { inputs };
  const test = await requireReadyDataset(asked, test_dataset);
  return { inputs: { ...inputs, test_data: inputOf(test.data), test_profile: inputOf(test.profile) } };
});

const compress = forSpec(jobSpecs.compress, async ({ model }, { stores, tenant }) => {
  const { version } = await stores.models.resolve({ tenant, ...model });
  const address = { tenant, name: model.name, version };
  const found = await stores.models.getVersion(address);
  if (found?.artifact === undefined) throw new NotFoundError('model version', `${model.name}/${version}`);
  const { artifact, test_rows, signature, lineage } = found;
  return {
    inputs: {
      model: inputOf(artifact),
      ...(test_rows === undefined ? {} : { test_rows: inputOf(test_rows) }),
    },
    model: { name: model.name, version, lineage, ...(signature === undefined ? {} : { signature }) },
  };
});

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
