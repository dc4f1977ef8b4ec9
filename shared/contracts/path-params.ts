import { z } from 'zod';
import { aliasName, datasetId, jobId, keyId, modelName, versionNumber } from './names';

/** A version number, as a path writes it. */
export const writtenVersion = /^[1-9]\d{0,8}$/;

/** A version number in a path or query: digits, so that `1e3`, `0x1` and `1.0` name nothing. */
export const versionInPath = z
  .string()
  .regex(writtenVersion, 'must be the number of a version, a whole number from 1')
  .transform(Number)
  .pipe(versionNumber);

export const datasetParams = z.strictObject({ id: datasetId });
export const jobParams = z.strictObject({ id: jobId });
export const keyParams = z.strictObject({ id: keyId });
export const modelParams = z.strictObject({ name: modelName });
export const versionParams = z.strictObject({ name: modelName, version: versionInPath });
export const aliasParams = z.strictObject({ name: modelName, alias: aliasName });
