import { z } from 'zod';
import { sha256Hex, timestamp } from './names';

/** How the bytes of a file are fetched: send this request as it is, before it expires. */
export const download = z.object({
  method: z.literal('GET'),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  expires_at: timestamp,
});
export type Download = z.infer<typeof download>;

/** A file that a job left. */
export const jobOutput = z.object({
  name: z.string(),
  bytes: z.number().int(),
  sha256: sha256Hex,
  download,
});
export type JobOutput = z.infer<typeof jobOutput>;
