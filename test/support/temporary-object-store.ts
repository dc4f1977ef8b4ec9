import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { openFileObjectStore } from '../../shared/adapters/embedded/file-object-store';

/** The embedded object store over a folder that `remove` takes away. */
export async function temporaryObjectStore() {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-objects-'));
  const keys = await openFileKeyService(join(folder, 'master-key'));
  const store = await openFileObjectStore({ folder: join(folder, 'store'), keys });
  return { store, folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
