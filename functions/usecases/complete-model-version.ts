import { objectKeys } from '../../shared/contracts/job-files';
import type { ModelVersion } from '../../shared/contracts/model';
import { ConflictError, NotFoundError } from '../../shared/errors/request-errors';
import type { ObjectStore } from '../../shared/ports/object-store';
import { publicVersion, type VersionAddress, type VersionRecord } from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import { requireVersion } from './require-model';
import type { InternalSubmission } from './submit-job';
import { verifyUpload } from './verify-upload';

export interface CompleteModelVersionDependencies {
  models: Pick<ModelRegistry, 'getVersion' | 'noteArtifact' | 'markVersionValidating'>;
  objects: Pick<ObjectStore, 'head' | 'remove'>;
  submitInternalJob: (submission: InternalSubmission) => Promise<{ id: string }>;
}

/** In the order of `completeDataset`, for the same reason. */
async function validate(
  deps: CompleteModelVersionDependencies,
  record: VersionRecord,
): Promise<ModelVersion> {
  const { tenant, name, version, declared } = record;
  const address = { tenant, name, version };
  const key = objectKeys.modelUpload(tenant, name, version);
  const { bytes, sha256 } = await verifyUpload(deps.objects, key, declared ?? {});
  await deps.models.noteArtifact({ ...address, artifact: { key, bytes, sha256 } });
  const job = await deps.submitInternalJob({
    tenant,
    kind: 'import',
    spec: { model: { name, version } },
    name: `import ${name} ${version}`,
    deduplicationKey: `import:${name}:${version}`,
  });
  const moved = await deps.models.markVersionValidating({ ...address, job: job.id });
  if (moved === undefined) throw new NotFoundError('model version', `${name}/${version}`);
  return publicVersion(moved.version);
}

/** Takes an upload as done; while it is checked, saying so again gets the same answer and starts nothing. */
export const completeModelVersion =
  (deps: CompleteModelVersionDependencies) =>
  async (address: VersionAddress): Promise<ModelVersion> => {
    const record = await requireVersion(deps.models, address);
    if (record.state === 'awaiting_upload') return validate(deps, record);
    if (record.state === 'validating') return publicVersion(record);
    throw new ConflictError(
      `version ${record.version} of the model '${record.name}' is ${record.state} already: import the file as the next one`,
      'already_completed',
    );
  };
