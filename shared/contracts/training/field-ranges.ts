import { z } from 'zod';

/** Ranges that several fields of a train spec share. */
export const positive = z.number().positive();
/** From 0 to under 1. */
export const fraction = z.number().gte(0).lt(1);
/** Patterns of parameter names, in which `*` stands for any characters, e.g. `block_1.*`. */
export const namePatterns = z.array(z.string().min(1).max(300)).max(100);
