import type { ModelSignature } from '../../shared/contracts/model';
import { floats, int64s } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import type { ColumnValues } from '../datasets/column-values';
import { classNames } from '../evaluation/predictions';

/** What a label is that the model has no class for, or that is missing. */
const ofNone = -1;

/** The truth of a batch as the index of each row's class, or as its number; see `SampleBatch`. */
export function labelTensor(
  signature: ModelSignature,
): (values: ColumnValues | undefined, rows: number) => Tensor {
  if (signature.task === 'regression')
    return (values, rows) =>
      floats([rows], values instanceof Float32Array ? values : new Float32Array(rows).fill(Number.NaN));
  const indexes = new Map(classNames(signature).map((name, index) => [name, index]));
  return (values, rows) => {
    const labels = Array.isArray(values) ? values : [];
    return int64s(Array.from({ length: rows }, (_, row) => indexes.get(labels[row] ?? '') ?? ofNone));
  };
}
