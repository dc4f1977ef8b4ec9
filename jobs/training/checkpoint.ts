import { z } from 'zod';
import { elementCount, elementFormats, storageLength } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';
import { bytesOf, tensorOfBytes } from '../../shared/onnx/tensor-bytes';
import { epochRecord, type StateOf, stateGroups, type TrainingState } from './training-state';

export type CheckpointFiles = Readonly<Record<string, Uint8Array>>;

const format = 2;
const names = { cursor: 'training.json', state: 'state.bin', best: 'best.bin' } as const;

const cursor = z.strictObject({
  format: z.literal(format),
  /** Of spec, data and graph: a checkpoint of another training is none. */
  fingerprint: z.string(),
  epoch: z.number().int(),
  stepInEpoch: z.number().int(),
  step: z.number().int(),
  lossSum: z.number(),
  rowsDone: z.number().int(),
  learningRate: z.number(),
  seconds: z.number(),
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

/** Groups of tensors like these out of their joined bytes; undefined where there are more or fewer bytes than they take. */
function separated<K extends string>(
  bytes: Uint8Array | undefined,
  like: Readonly<Record<K, readonly Tensor[]>>,
  groups: readonly K[],
): Record<K, readonly Tensor[]> | undefined {
  const all = groups.flatMap((group) => like[group]);
  const expected = all.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
  if (bytes?.length !== expected) return undefined;
  let at = 0;
  const read = (tensor: Tensor): Tensor => {
    const from = at;
    at += byteLengthOf(tensor);
    return tensorOfBytes(tensor.elementType, tensor.dims, bytes.slice(from, at));
  };
  const found: Partial<Record<K, readonly Tensor[]>> = {};
  for (const group of groups) found[group] = like[group].map(read);
  return { ...like, ...found };
}

const weightGroups = ['parameters', 'statistics'] as const;

/** The state as files: a cursor in JSON, and raw little-endian tensors one behind the other. */
export function encodeCheckpoint(state: TrainingState, fingerprint: string): CheckpointFiles {
  const { tensors, best, ...rest } = state;
  const text = JSON.stringify({
    format,
    fingerprint,
    ...rest,
    ...(best === undefined ? {} : { best: { epoch: best.epoch, loss: best.loss } }),
  });
  return {
    [names.cursor]: new TextEncoder().encode(text),
    [names.state]: joined(stateGroups.flatMap((group) => tensors[group])),
    ...(best === undefined
      ? {}
      : { [names.best]: joined(weightGroups.flatMap((group) => best.weights[group])) }),
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

/** What was told of the epochs that a checkpoint has behind it; none where the files are of another format. */
export const historyIn = (files: CheckpointFiles): TrainingState['history'] =>
  parseCursor(files[names.cursor])?.history ?? [];

/** The state that was saved; `start` gives the shapes. Undefined where the files are of another training or format. */
export function decodeCheckpoint(
  files: CheckpointFiles,
  fingerprint: string,
  start: StateOf<Tensor>,
): TrainingState | undefined {
  const found = parseCursor(files[names.cursor]);
  const tensors = separated(files[names.state], start, stateGroups);
  if (found === undefined || tensors === undefined || found.fingerprint !== fingerprint) return undefined;
  const { format: _, fingerprint: __, best, ...rest } = found;
  const state = { ...rest, tensors };
  if (best === undefined) return state;
  const kept = separated(files[names.best], start, weightGroups);
  if (kept === undefined) return undefined;
  const { parameters, statistics } = kept;
  return { ...state, best: { ...best, weights: { parameters, statistics } } };
}
