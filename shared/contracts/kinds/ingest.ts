import { z } from 'zod';
import { dataFormat } from '../dataset';
import { datasetId } from '../names';

/** Reads an upload whole, refuses it with every error's place, or stores it as Parquet with its profile. Submitted by completion. */
export const ingestSpec = z.strictObject({
  dataset: datasetId,
  format: dataFormat.optional(),
});
export type IngestSpec = z.infer<typeof ingestSpec>;
