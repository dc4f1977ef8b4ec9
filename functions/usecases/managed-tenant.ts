import { NotFoundError } from '../../shared/errors/request-errors';

/** Who manages keys: the administrator those of every tenant, anybody else those of their own. */
export interface KeyManager {
  tenant: string;
  isAdministrator: boolean;
}

export const manages = (manager: KeyManager, tenant: string): boolean =>
  manager.isAdministrator || manager.tenant === tenant;

/** The tenant asked for, or the manager's own; one that is not theirs is not there. */
export function managedTenant(manager: KeyManager, asked = manager.tenant): string {
  if (manages(manager, asked)) return asked;
  throw new NotFoundError('tenant', asked);
}
