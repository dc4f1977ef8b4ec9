import { z } from 'zod';
import { displayName, keyId, tenantName, timestamp } from './names';

/** What a key may do; `admin` makes and revokes keys, and implies nothing else. */
export const scope = z.enum(['predict', 'jobs', 'datasets', 'models', 'admin']);
export type Scope = z.infer<typeof scope>;

export const createKeyRequest = z.strictObject({
  tenant: tenantName,
  scopes: z
    .array(scope)
    .min(1)
    .refine((scopes) => new Set(scopes).size === scopes.length, 'each scope may be named once'),
  name: displayName.optional(),
});

export const apiKey = z.object({
  id: keyId,
  object: z.literal('key'),
  tenant: tenantName,
  scopes: z.array(scope),
  name: z.string().optional(),
  /** The secret's last four characters, to tell keys apart. */
  hint: z.string(),
  created_at: timestamp,
  revoked_at: timestamp.optional(),
});
export type ApiKey = z.infer<typeof apiKey>;

/** The one answer that holds the secret; Ingot keeps only its hash. */
export const createdKey = apiKey.extend({ secret: z.string() });
export type CreatedKey = z.infer<typeof createdKey>;
