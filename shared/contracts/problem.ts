import { z } from 'zod';

/** One thing wrong in a request; `pointer` is a JSON Pointer (RFC 6901) into the body, or a parameter's name. */
const violation = z.object({ pointer: z.string(), detail: z.string() });

/** Every error answer, as `application/problem+json` (RFC 9457). */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  /** Names this one request, as `x-request-id` does. */
  instance: z.string(),
  /** Stable, for programs. */
  code: z.string(),
  errors: z.array(violation).optional(),
  /** On `/v2/*` only: the Open Inference Protocol's own member, the same text as `detail`. */
  error: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;
