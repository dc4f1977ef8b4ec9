import { constant, operation, scalar } from '../../../../shared/onnx/build';
import type { OperationValue, Value } from '../../../../shared/onnx/ir';
import { elementTypeOf } from '../../../../shared/onnx/shapes';
import type { Grid } from './pairs';
import { numbersOf } from './to-grid';

/** Numbers that are `slope * whole + offset` of whole numbers that the model is given: pixels, made to lie around zero. */
export interface Affine {
  /** uint8, in the shape of the numbers. */
  readonly whole: Value;
  readonly slope: number;
  readonly offset: number;
}

type Line = Omit<Affine, 'whole'>;

/** What arithmetic with a number makes of a line. */
const arithmetic: Readonly<Record<string, (line: Line, by: number) => Line>> = {
  Add: ({ slope, offset }, by) => ({ slope, offset: offset + by }),
  Sub: ({ slope, offset }, by) => ({ slope, offset: offset - by }),
  Mul: ({ slope, offset }, by) => ({ slope: slope * by, offset: offset * by }),
  Div: ({ slope, offset }, by) => ({ slope: slope / by, offset: offset / by }),
};
const commutative = new Set(['Add', 'Mul']);

/** Operators that move numbers and leave them as they are. */
const movements = new Set(['Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity']);

/** The one number that a constant holds, however often. */
function soleNumber(value: Value | undefined): number | undefined {
  if (value?.kind !== 'constant') return undefined;
  const [first, ...others] = numbersOf(value.tensor);
  return others.every((number) => number === first) ? first : undefined;
}

/** Undefined where the numbers are of another kind. */
export function affineOf(value: Value | undefined): Affine | undefined {
  if (value?.kind !== 'operation' || value.domain !== '') return undefined;
  const [first, second] = value.inputs;
  if (value.op === 'Cast') return elementTypeOf(first) === 'uint8' ? castOf(first) : undefined;
  if (movements.has(value.op)) return moved(value, affineOf(first));
  const [line, by] =
    commutative.has(value.op) && first?.kind === 'constant'
      ? [affineOf(second), soleNumber(first)]
      : [affineOf(first), soleNumber(second)];
  const compute = arithmetic[value.op];
  if (line === undefined || by === undefined || compute === undefined) return undefined;
  return { whole: line.whole, ...compute(line, by) };
}

const castOf = (whole: Value | undefined): Affine | undefined => whole && { whole, slope: 1, offset: 0 };

function moved({ op, inputs, attributes }: OperationValue, line: Affine | undefined): Affine | undefined {
  if (line === undefined) return undefined;
  const whole = operation(op, [line.whole, ...inputs.slice(1)], attributes);
  return { ...line, whole };
}

/**
 * The grid whose integers are the whole numbers themselves, but for less than half a step that all are off alike. Undefined
 * where there is none: slopes under zero, and zeros outside uint8.
 */
export function gridOfLine({ slope, offset }: Affine): Grid | undefined {
  const zero = -offset / slope;
  const nearest = Math.round(zero);
  const fits = slope > 0 && nearest >= 0 && nearest <= 255 && Math.abs(zero - nearest) < 0.5;
  return fits ? { scale: constant(scalar(slope)), zeroPoint: constant(scalar(nearest, 'uint8')) } : undefined;
}
