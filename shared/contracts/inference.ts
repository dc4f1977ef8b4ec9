import { z } from 'zod';
import { modelName } from './names';

/**
 * Open Inference Protocol v2 over REST (github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md).
 * Unknown members of a request are ignored, as the protocol's other servers do; `parameters` that would change the wire
 * format are refused by name.
 */

/** Tensor Data Types of the protocol; BF16 is Triton's addition. `BYTES` is text here: UTF-8 strings in JSON. */
export const tensorDatatype = z.enum([
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
]);
export type TensorDatatype = z.infer<typeof tensorDatatype>;

const tensorParameters = z.record(z.string(), z.unknown());

const size = z.number().int().min(0);

export const inferInput = z.object({
  name: z.string().min(1),
  /** The whole tensor's, batch axis included; `[]` is a scalar. */
  shape: z.array(size).max(32),
  datatype: tensorDatatype,
  parameters: tensorParameters.optional(),
  /**
   * Row-major, flat or nested as `shape` says; a scalar is an array of one. 64-bit integers beyond 2^53 are strings of
   * digits, and a missing FP16, BF16, FP32 or FP64 is null, which the model sees as NaN.
   */
  data: z.array(z.unknown(), {
    error: 'must be an array of values: the binary tensor extension is not spoken here',
  }),
});
export type InferInput = z.infer<typeof inferInput>;

export const inferRequest = z.object({
  /** Echoed in the answer. */
  id: z.string().max(200).optional(),
  parameters: tensorParameters.optional(),
  inputs: z.array(inferInput).min(1).max(10_000),
  /** The outputs wanted; all of them where absent. */
  outputs: z.array(z.object({ name: z.string().min(1), parameters: tensorParameters.optional() })).optional(),
});
export type InferRequest = z.infer<typeof inferRequest>;

export const inferOutput = z.object({
  name: z.string(),
  shape: z.array(size),
  datatype: tensorDatatype,
  /** Flat and row-major. NaN and the infinities are null; integers beyond 2^53 are strings of digits. */
  data: z.array(z.union([z.number(), z.string(), z.boolean(), z.null()])),
});
export type InferOutput = z.infer<typeof inferOutput>;

export const inferAnswer = z.object({
  model_name: modelName,
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(inferOutput),
});
export type InferAnswer = z.infer<typeof inferAnswer>;

/** `-1` is a size that varies. */
export const tensorMetadata = z.object({
  name: z.string(),
  datatype: tensorDatatype,
  shape: z.array(z.number().int().min(-1)),
});
export type TensorMetadata = z.infer<typeof tensorMetadata>;

export const modelMetadataAnswer = z.object({
  name: modelName,
  versions: z.array(z.string()),
  /** Triton's name for an ONNX model in ONNX Runtime. */
  platform: z.literal('onnxruntime_onnx'),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
});
export type ModelMetadataAnswer = z.infer<typeof modelMetadataAnswer>;

export const modelReadyAnswer = z.object({ name: modelName, ready: z.boolean() });
export const serverMetadataAnswer = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});
export const serverLiveAnswer = z.object({ live: z.boolean() });
/** The specification's text calls the member `live` here too, its servers `ready`: both are given. */
export const serverReadyAnswer = z.object({ live: z.boolean(), ready: z.boolean() });
