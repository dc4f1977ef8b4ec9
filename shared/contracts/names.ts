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

const slug = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const slugOf = (what: string) =>
  z
    .string()
    .regex(
      slug,
      `a ${what} has 1 to 63 of a-z, 0-9, '.', '_' and '-', and begins and ends with a letter or digit`,
    )
    .refine((name) => !name.includes('..'), `a ${what} may not hold '..'`);

export const modelName = slugOf('model name');
export const aliasName = slugOf('alias');
export const tenantName = slugOf('tenant');
export const versionNumber = z.number().int().min(1);
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in lower-case hex');
export const timestamp = z.iso.datetime();

/** Free text that people give to their things. */
export const displayName = z.string().trim().min(1).max(200);
