import { attribute, attributeOf } from '../../../../shared/onnx/attributes';
import { operation } from '../../../../shared/onnx/build';
import type { Attributes, ConstantValue, OperationValue, Value } from '../../../../shared/onnx/ir';

/** The steps that numbers are rounded to, `(whole - zeroPoint) * scale`: one for all, or one for each index of an axis. */
export interface Grid {
  readonly scale: ConstantValue;
  readonly zeroPoint: ConstantValue;
  readonly axis?: number;
}

const attributesOf = ({ axis }: Grid): Attributes =>
  axis === undefined ? {} : { axis: attribute.int(axis) };

/** Numbers as integers. */
export const quantize = (value: Value, grid: Grid): OperationValue =>
  operation('QuantizeLinear', [value, grid.scale, grid.zeroPoint], attributesOf(grid));

/** Integers as the numbers that they stand for. */
export const dequantize = (value: Value, grid: Grid): OperationValue =>
  operation('DequantizeLinear', [value, grid.scale, grid.zeroPoint], attributesOf(grid));

/** Numbers rounded to a grid: what ONNX Runtime takes for the sign that an operator next to it may be computed on integers. */
export const rounded = (value: Value, grid: Grid): OperationValue => dequantize(quantize(value, grid), grid);

const isNamed = (value: Value | undefined, op: string): value is OperationValue =>
  value?.kind === 'operation' && value.domain === '' && value.op === op;

export const isQuantize = (value: Value | undefined): value is OperationValue =>
  isNamed(value, 'QuantizeLinear');

export const isDequantize = (value: Value | undefined): value is OperationValue =>
  isNamed(value, 'DequantizeLinear');

/** The grid of a QuantizeLinear or DequantizeLinear; undefined where it is computed, of blocks, or has no zero point. */
export function gridOf({ inputs: [, scale, zeroPoint], attributes }: OperationValue): Grid | undefined {
  if (scale?.kind !== 'constant' || zeroPoint?.kind !== 'constant') return undefined;
  if (attributeOf.int(attributes, 'block_size')) return undefined;
  const isScalar = scale.tensor.dims.length === 0;
  return isScalar
    ? { scale, zeroPoint }
    : { scale, zeroPoint, axis: attributeOf.int(attributes, 'axis') ?? 1 };
}

const sameNumbers = (a: ConstantValue, b: ConstantValue): boolean =>
  a === b || (a.tensor.elementType === b.tensor.elementType && a.tensor.data.join() === b.tensor.data.join());

/** Whether integers on one grid mean the same on the other. */
export const sameGrid = (a: Grid, b: Grid): boolean =>
  a.axis === b.axis && sameNumbers(a.scale, b.scale) && sameNumbers(a.zeroPoint, b.zeroPoint);
