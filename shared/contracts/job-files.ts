/** Where a job's objects live: one table of keys, so that grants, container and recorder agree. Lifecycle rules go by the first segment. */
const attemptPrefix = (tenant: string, job: string, attempt: number) =>
  `artifacts/${tenant}/${job}/attempt-${attempt}/`;

export const objectKeys = {
  datasetSource: (tenant: string, dataset: string) => `datasets/${tenant}/${dataset}/source`,
  modelUpload: (tenant: string, model: string, version: number) =>
    `uploads/${tenant}/${model}/${version}/model.onnx`,
  jobPrefix: (tenant: string, job: string) => `artifacts/${tenant}/${job}/`,
  attemptPrefix,
  manifest: (tenant: string, job: string, attempt: number) =>
    `${attemptPrefix(tenant, job, attempt)}manifest.json`,
  failure: (tenant: string, job: string, attempt: number) =>
    `${attemptPrefix(tenant, job, attempt)}failure.json`,
  checkpointPrefix: (tenant: string, job: string) => `checkpoints/${tenant}/${job}/`,
};

/** What a container may touch: exact objects or prefixes ending in '/'. Everything else is refused. */
export interface JobGrant {
  read: readonly string[];
  write: readonly string[];
}
