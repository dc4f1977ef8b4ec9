import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { constant, scalar } from '../../../../shared/onnx/build';
import type { ConstantValue, Value } from '../../../../shared/onnx/ir';
import { hullOf, type Range, type Ranges } from '../../calibration/range';
import { boundsOf, dataInputsOf, roleOf } from './operator-roles';
import type { Grid } from './pairs';
import type { StaticPlan } from './plan-static';
import { numbersOf } from './to-grid';
import { affineOf, gridOfLine } from './whole-inputs';

/** What stands for zero where numbers lie around it: uint8 of which 128 is taken is the int8 with as many steps either side. */
const middle = 128;

/**
 * How activations become uint8: from the least to the largest, or as far under zero as above it. Those that are never under
 * zero use all of it either way. Never int8: ONNX Runtime makes uint8 of that on x86, which has no kernels for it, and fails
 * to load models of opset 21 that way.
 */
function gridOfRange(range: Range, symmetric: boolean): Grid {
  const [min, max] = [Math.min(0, range.min), Math.max(0, range.max)];
  const isAround = symmetric && min < 0;
  const reach = isAround ? Math.max(-min, max) / (255 - middle) : (max - min) / 255;
  // Under the least normal float, kernels that flush denormals would divide by zero.
  const scale = Math.max(Math.fround(reach), 2 ** -126);
  const zero = isAround ? middle : Math.round(-min / scale);
  return { scale: constant(scalar(scale)), zeroPoint: constant(scalar(zero, 'uint8')) };
}

/** A grid for each quantized value: one for all that share a scale, over the ranges of all of them. */
export function activationGrids(
  { leaders, sources }: StaticPlan,
  ranges: Ranges,
  symmetric: boolean,
): ReadonlyMap<Value, Grid> {
  const sharing = new Map<Value, Value[]>();
  for (const source of sources) {
    const leader = leaders.get(source) ?? source;
    sharing.set(leader, [...(sharing.get(leader) ?? []), source]);
  }
  const ofLeader = new Map(
    [...sharing].map(([leader, found]) => [leader, gridFor(found, ranges, symmetric)]),
  );
  return new Map(
    [...leaders].flatMap(([value, leader]) => {
      const grid = ofLeader.get(leader);
      return grid === undefined ? [] : [[value, grid] as const];
    }),
  );
}

function gridFor(sources: readonly Value[], ranges: Ranges, symmetric: boolean): Grid {
  const line = sources.length === 1 && !symmetric ? affineOf(sources[0]) : undefined;
  const known = line && gridOfLine(line);
  const range = hullOf(sources.map((source) => rangeOf(source, ranges)));
  return known ?? gridOfRange(range ?? nothing, symmetric);
}

const nothing: Range = { min: 0, max: 0 };

/**
 * What was measured, or follows from it: where a layer stays in floats, what is behind it may have had the scale of its
 * input when ranges were measured. `UnsuitableModelError` where the ranges are of another model.
 */
function rangeOf(value: Value, ranges: Ranges): Range {
  const measured = ranges.get(value);
  if (measured !== undefined) return measured;
  if (value.kind === 'constant') return rangeOfNumbers(value);
  const node = value.kind === 'projection' ? value.of : value;
  const role = node.kind === 'operation' ? roleOf(node) : undefined;
  if (node.kind !== 'operation' || role === undefined || role === 'rescales')
    throw new UnsuitableModelError(
      'the ranges of activations were measured on another model: measure them on the one that is quantized',
    );
  const range = hullOf(dataInputsOf(node).map((input) => rangeOf(input, ranges))) ?? nothing;
  return role === 'bounds' ? clamped(range, boundsOf(node)) : range;
}

const clamped = ({ min, max }: Range, [low, high]: readonly [number, number]): Range => ({
  min: Math.min(high, Math.max(low, min)),
  max: Math.min(high, Math.max(low, max)),
});

function rangeOfNumbers({ tensor }: ConstantValue): Range {
  let [min, max] = [0, 0];
  for (const number of numbersOf(tensor)) {
    min = Math.min(min, number);
    max = Math.max(max, number);
  }
  return { min, max };
}
