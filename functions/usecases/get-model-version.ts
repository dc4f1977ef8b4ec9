import { objectKeys } from '../../shared/contracts/job-files';
import type { ModelVersion } from '../../shared/contracts/model';
import type { ObjectStore } from '../../shared/ports/object-store';
import { publicVersion, type VersionAddress } from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import { offerUpload } from './offer-upload';
import { requireVersion } from './require-model';

export interface GetModelVersionDependencies {
  models: Pick<ModelRegistry, 'getVersion'>;
  objects: Pick<ObjectStore, 'presignUpload'>;
}

/** Reads a version; with a fresh upload while that is awaited. */
export const getModelVersion =
  ({ models, objects }: GetModelVersionDependencies) =>
  async (address: VersionAddress): Promise<ModelVersion> => {
    const version = await requireVersion(models, address);
    if (version.state !== 'awaiting_upload') return publicVersion(version);
    const key = objectKeys.modelUpload(address.tenant, address.name, address.version);
    return { ...publicVersion(version), upload: await offerUpload(objects, key, version.declared ?? {}) };
  };
