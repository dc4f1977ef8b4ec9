import type { ListRequest } from '../contracts/lists';
import type { RecordStore } from '../ports/record-store';
import { type ModelAliases, modelAliases } from './model-aliases';
import { modelKeys } from './model-keys';
import type { ModelAddress, ModelRecord } from './model-record';
import { type ModelVersions, type ModelVersionsDependencies, modelVersions } from './model-versions';

/** Models, their versions, and where their aliases point. */
export interface ModelRegistry extends ModelVersions, ModelAliases {
  getModel(address: ModelAddress): Promise<ModelRecord | undefined>;
  listModels(tenant: string, page: ListRequest): Promise<{ models: ModelRecord[]; hasMore: boolean }>;
}

async function listModels(records: RecordStore, tenant: string, { after, limit, order }: ListRequest) {
  const { partition } = modelKeys.model({ tenant, name: '' });
  const page = { partition, limit, order, ...(after === undefined ? {} : { after }) };
  const found = await records.list<ModelRecord>(page);
  return { models: found.records.map(({ value }) => value), hasMore: found.hasMore };
}

export function modelRegistry(deps: ModelVersionsDependencies): ModelRegistry {
  const { records } = deps;
  const versions = modelVersions(deps);
  return {
    ...versions,
    ...modelAliases({ records, versions }),
    getModel: async (address) => (await records.get<ModelRecord>(modelKeys.model(address)))?.value,
    listModels: (tenant, page) => listModels(records, tenant, page),
  };
}
