import { z } from 'zod';
import { modelName, versionNumber } from '../names';

/** Opens an uploaded ONNX file in the job's own process, checks it and reads its signature. Submitted by completion. */
export const importSpec = z.strictObject({
  model: z.strictObject({ name: modelName, version: versionNumber }),
});
