import type { z } from 'zod';
import { objectKeys } from '../../shared/contracts/job-files';
import type { importModelRequest, ModelVersion } from '../../shared/contracts/model';
import type { ObjectStore } from '../../shared/ports/object-store';
import { publicVersion } from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import { offerUpload } from './offer-upload';

export interface ImportModelDependencies {
  models: Pick<ModelRegistry, 'reserveVersion'>;
  objects: Pick<ObjectStore, 'presignUpload'>;
}

export type ImportRequest = z.output<typeof importModelRequest> & { tenant: string };

/** Announces an ONNX file as a model's next version, and offers its upload. */
export const importModel =
  ({ models, objects }: ImportModelDependencies) =>
  async (request: ImportRequest): Promise<ModelVersion> => {
    const record = await models.reserveVersion(request);
    const key = objectKeys.modelUpload(record.tenant, record.name, record.version);
    return { ...publicVersion(record), upload: await offerUpload(objects, key, record.declared ?? {}) };
  };
