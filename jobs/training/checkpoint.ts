import { z } from 'zod';
import { elementCount, elementFormats, storageLength } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';
import { bytesOf, tensorOfBytes } from '../../shared/onnx/tensor-bytes';
import { epochRecord, type TrainingState } from './training-state';

export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

const format = 1;
const names = { cursor: 'training.json', state: 'state.bin', best: 'best.bin' } as const;

const cursor = z.strictObject({
  format: z.literal(format),
  /** Of spec, data and graph: a checkpoint of another training is none. */
  fingerprint: z.string(),
  epoch: z.number().int(),
  batch: z.number().int(),
  step: z.number().int(),
  lossSum: z.number(),
  history: z.array(epochRecord),
  best: z.strictObject({ epoch: z.number().int(), loss: z.number() }).optional(),
});

function joined(tensors: readonly Tensor[]): Uint8Array {
  const parts = tensors.map(bytesOf);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const byteLengthOf = ({ elementType, dims }: Tensor): number =>
  storageLength(elementType, elementCount(dims)) *
  (elementFormats[elementType].storage?.BYTES_PER_ELEMENT ?? 0);

/** Tensors like these out of their joined bytes; undefined where there are more or fewer bytes than they take. */
function separated(bytes: Uint8Array | undefined, like: readonly Tensor[]): Tensor[] | undefined {
  const expected = like.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
  if (bytes?.length !== expected) return undefined;
  let at = 0;
  return like.map((tensor) => {
    const from = at;
    at += byteLengthOf(tensor);
    return tensorOfBytes(tensor.elementType, tensor.dims, bytes.slice(from, at));
  });
}

/** The state as files: a cursor in JSON, and raw little-endian tensors one behind the other. */
export function encodeCheckpoint(state: TrainingState, fingerprint: string): CheckpointFiles {
  const { parameters, optimizer, best, ...rest } = state;
  const text = JSON.stringify({
    format,
    fingerprint,
    ...rest,
    ...(best === undefined ? {} : { best: { epoch: best.epoch, loss: best.loss } }),
  });
  return {
    [names.cursor]: new TextEncoder().encode(text),
    [names.state]: joined([...parameters, ...optimizer]),
    ...(best === undefined ? {} : { [names.best]: joined(best.parameters) }),
  };
}

function parseCursor(bytes: Uint8Array | undefined): z.infer<typeof cursor> | undefined {
  try {
    return cursor.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // written by another version of this program: training starts again
    return undefined;
  }
}

/** The state that was saved; `start` gives the shapes. Undefined where the files are of another training or format. */
export function decodeCheckpoint(
  files: CheckpointFiles,
  fingerprint: string,
  start: Pick<TrainingState, 'parameters' | 'optimizer'>,
): TrainingState | undefined {
  const found = parseCursor(files[names.cursor]);
  const tensors = separated(files[names.state], [...start.parameters, ...start.optimizer]);
  if (found === undefined || tensors === undefined || found.fingerprint !== fingerprint) return undefined;
  const { format: _, fingerprint: __, best, ...rest } = found;
  const parameters = tensors.slice(0, start.parameters.length);
  const state = { ...rest, parameters, optimizer: tensors.slice(start.parameters.length) };
  if (best === undefined) return state;
  const kept = separated(files[names.best], start.parameters);
  return kept && { ...state, best: { ...best, parameters: kept } };
}
