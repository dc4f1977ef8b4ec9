import { z } from 'zod';

const idOf = (prefix: string, what: string) =>
  z
    .string()
    .regex(
      new RegExp(`^${prefix}_[0-9A-HJKMNP-TV-Z]{26}$`),
      `must be the id of a ${what}, like ${prefix}_01J…`,
    );

export const jobId = idOf('job', 'job');
export const datasetId = idOf('ds', 'data set');
export const keyId = idOf('key', 'key');

const slug = /^(?!.*\.\.)[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const slugOf = (what: string) =>
  z
    .string()
    .regex(
      slug,
      `must be ${what}: 1 to 63 of a-z, 0-9, '.', '_' and '-' without '..', beginning and ending with a letter or digit`,
    );

export const modelName = slugOf('the name of a model');
export const aliasName = slugOf('the name of an alias');
export const tenantName = slugOf('the name of a tenant');
export const versionNumber = z.number().int().min(1);
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in lower-case hex');
export const timestamp = z.iso.datetime();

/** Free text that people give to their things. */
export const displayName = z.string().trim().min(1).max(200);
