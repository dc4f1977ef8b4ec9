import type { z } from 'zod';
import type { CreatedKey, createKeyRequest } from '../../shared/contracts/keys';
import type { KeyStore } from '../../shared/stores/key-store';
import { type KeyManager, managedTenant } from './managed-tenant';

export type NewKeyRequest = z.output<typeof createKeyRequest> & { manager: KeyManager };

/** Makes a key and shows its secret, once. */
export const createKey =
  ({ keys }: { keys: Pick<KeyStore, 'create'> }) =>
  async ({ manager, ...key }: NewKeyRequest): Promise<CreatedKey> =>
    keys.create({ ...key, tenant: managedTenant(manager, key.tenant) });
