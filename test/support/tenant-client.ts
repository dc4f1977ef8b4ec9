import { type ApiClient, apiClient } from '../../infra/local/api-client';
import { type CreatedKey, createdKey, type Scope } from '../../shared/contracts/keys';
import type { IngotServer } from './ingot-server';

export interface TenantClient extends ApiClient {
  key: CreatedKey;
}

/** A client under a new key that the administrator makes for a tenant; with every scope but `admin` unless told otherwise. */
export async function tenantClient(
  server: IngotServer,
  tenant: string,
  scopes: readonly Scope[] = ['predict', 'jobs', 'datasets', 'models'],
): Promise<TenantClient> {
  const key = await server.client.call(createdKey, 'POST', '/v1/keys', { tenant, scopes });
  return { ...apiClient(server.url, key.secret), key };
}
