import type { ApiKey } from '../../shared/contracts/keys';
import type { ListRequest, Page } from '../../shared/contracts/lists';
import type { KeyStore } from '../../shared/stores/key-store';
import { type KeyManager, managedTenant } from './managed-tenant';

/** A page of a tenant's keys, revoked ones included, never a secret. */
export const listKeys =
  ({ keys }: { keys: Pick<KeyStore, 'list'> }) =>
  async (
    request: ListRequest & { manager: KeyManager; tenant?: string | undefined },
  ): Promise<Page<ApiKey>> => {
    const { manager, tenant, ...page } = request;
    const found = await keys.list(managedTenant(manager, tenant), page);
    return { object: 'list', data: found.keys, has_more: found.hasMore };
  };
