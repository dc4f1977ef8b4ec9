import { BadSpecError } from '../../shared/errors/job-errors';
import { elementCount, elementFormats } from '../../shared/onnx/element-types';
import type { TensorData, Value, ValueType } from '../../shared/onnx/ir';
import { dependenciesOf } from '../../shared/onnx/post-order';
import { staticShape } from '../../shared/onnx/shapes';
import { everyValue, topologicalOrder } from '../../shared/onnx/walk';
import { everyState, rowsPerStep, singleStepModel, stateInputs, type Training } from './training-step';
import { scoringModel } from './validate';

/** Of a text in a graph: a word or two, and what the runtime puts around it. */
const textBytes = 48;

function bytesOfType(type: ValueType): number {
  if (type.kind !== 'tensor') return 0;
  const dims = staticShape(type.shape);
  const { storage } = elementFormats[type.elementType];
  return dims === undefined ? 0 : elementCount(dims) * (storage?.BYTES_PER_ELEMENT ?? 0);
}

/** A node's outputs live and go together. */
const bytesOfValue = (value: Value): number =>
  value.kind === 'operation' ? value.types.reduce((sum, type) => sum + bytesOfType(type), 0) : 0;

const nodeOf = (value: Value): Value => (value.kind === 'projection' ? value.of : value);

/** For each node, the place in the order at which it is needed last. */
function lastUses(order: readonly Value[]): ReadonlyMap<Value, number> {
  const last = new Map<Value, number>();
  for (const [place, value] of order.entries())
    for (const dependency of [value, ...dependenciesOf(value)]) last.set(nodeOf(dependency), place);
  return last;
}

/** The most bytes that hold at one time what these values are computed from, each tensor living until its last use. */
export function peakBytes(outputs: readonly Value[]): number {
  const order = topologicalOrder(outputs);
  const last = lastUses(order);
  const kept = new Set(outputs.map(nodeOf));
  const ending = new Map<number, Value[]>();
  for (const [value, place] of last)
    if (!kept.has(value)) ending.set(place, [...(ending.get(place) ?? []), value]);
  let live = 0;
  let peak = 0;
  for (const [place, value] of order.entries()) {
    live += bytesOfValue(value);
    peak = Math.max(peak, live);
    for (const ended of ending.get(place) ?? []) live -= bytesOfValue(ended);
  }
  return peak;
}

/** Of all distinct constants that these rest on, inside bodies too: weights that stay as they are, tables, masks. */
export function constantBytes(values: readonly Value[]): number {
  const tensors = new Set(
    everyValue(values).flatMap((value) => (value.kind === 'constant' ? [value.tensor] : [])),
  );
  return [...tensors].reduce((sum, { data }) => sum + bytesOfData(data), 0);
}

const bytesOfData = (data: TensorData): number =>
  ArrayBuffer.isView(data) ? data.byteLength : textBytes * data.length;

export interface MemoryEstimate {
  /** Parameters, statistics, optimizer state and averages: as they are fed, and as a step reads them. */
  readonly state: number;
  /** What a step computes, with the next state. */
  readonly step: number;
  /** The encoded rows that are held. */
  readonly rows: number;
  /** What the graphs of training, of scoring and of encoding have in them: the model's bytes, and the session's. */
  readonly constants: number;
}

/** What the runtime's arena takes beyond the tensors themselves: measured on networks of 0.1 to 2 GiB. */
const arenaFactor = 1.5;

/** A graph's bytes are written to be loaded, and kept beside by the session. */
const heldTwice = 2;

/** What is loaded beside the training's own graph. */
interface LoadedBeside {
  /** What encodes rows ahead of training; absent where they are read as they are. */
  readonly preprocessing?: Value;
  /** Rows are held out, and scored by a graph of its own. */
  readonly scores?: boolean;
}

/** Bytes that training takes, by the shapes of its graph: it is known before anything is loaded. */
export function estimateMemory(
  training: Training,
  rowBytes: number,
  { preprocessing, scores = false }: LoadedBeside = {},
): MemoryEstimate {
  const state = everyState(stateInputs(training)).reduce((sum, { type }) => sum + bytesOfType(type), 0);
  const { graph } = singleStepModel(training);
  const outputs = graph.outputs.map(({ value }) => value);
  const scoring = scores ? scoringModel(training).graph.outputs.map(({ value }) => value) : [];
  const constants = [outputs, scoring, preprocessing ? [preprocessing] : []].map(constantBytes);
  return {
    state: 2 * state,
    step: arenaFactor * peakBytes(outputs),
    rows: rowBytes,
    constants: heldTwice * constants.reduce((sum, bytes) => sum + bytes, 0),
  };
}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB`;

/** `BadSpecError` where training would take more memory than the job may use. */
export function refuseTooLarge(estimate: MemoryEstimate, training: Training, available: number): void {
  const { state, step, rows, constants } = estimate;
  const needed = state + step + rows + constants;
  if (needed <= available) return;
  const parts = `${mebibytes(state)} for weights and optimizer, ${mebibytes(step)} for a step of ${rowsPerStep(training)} rows, ${mebibytes(rows)} for rows, ${mebibytes(constants)} for what stays as it is`;
  throw new BadSpecError(
    `training would take about ${mebibytes(needed)} (${parts}), and the job may use ${mebibytes(available)}; lower batch_size, with accumulation where the step is to stay as large, make the model smaller, or ask for more by resources.memory_mib`,
  );
}

/** A step that works on less is too short to share: waking a second thread takes longer than its part. */
const fewestSharedBytes = 2 ** 20;

/** How many of these threads a step is worth. */
export const stepThreads = ({ step }: MemoryEstimate, threads: number): number =>
  step < fewestSharedBytes ? 1 : threads;
