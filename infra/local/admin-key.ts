import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The admin key: the one given, else the one kept under the home folder (mode 0600), made on the first start. */
export async function loadAdminKey(home: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const path = join(home, 'admin-key');
  try {
    await writeFile(path, `ingot-admin-${randomBytes(32).toString('base64url')}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}
