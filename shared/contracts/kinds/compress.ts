import { z } from 'zod';
import { aliasName, modelName, versionNumber } from '../names';

/** Each pass by the name it has in `jobs/compression`; the list grows with the passes. */
const compressionPass = z.discriminatedUnion('name', [z.strictObject({ name: z.literal('int8_dynamic') })]);

export const compressSpec = z.strictObject({
  model: z.strictObject({ name: modelName, version: versionNumber.optional(), alias: aliasName.optional() }),
  passes: z
    .array(compressionPass)
    .min(1)
    .max(16)
    .default([{ name: 'int8_dynamic' }]),
  register: z.strictObject({ name: modelName, alias: aliasName.optional() }).optional(),
});
export type CompressSpec = z.infer<typeof compressSpec>;
