import type { ApiKey } from '../../shared/contracts/keys';
import { NotFoundError } from '../../shared/errors/request-errors';
import type { KeyStore } from '../../shared/stores/key-store';
import { type KeyManager, manages } from './managed-tenant';

/** Revokes a key; again, it changes nothing. A key of a tenant that is not the manager's is not there. */
export const revokeKey =
  ({ keys }: { keys: Pick<KeyStore, 'find' | 'revoke'> }) =>
  async ({ manager, id }: { manager: KeyManager; id: string }): Promise<ApiKey> => {
    const key = await keys.find(id);
    const revoked = key !== undefined && manages(manager, key.tenant) ? await keys.revoke(id) : undefined;
    if (revoked === undefined) throw new NotFoundError('key', id);
    return revoked;
  };
