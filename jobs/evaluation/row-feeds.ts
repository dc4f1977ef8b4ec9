import type { ModelSignature } from '../../shared/contracts/model';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { tensor } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import { isJsonElementType } from '../../shared/predictions/tensor-formats';
import { type ColumnValues, isScalar, type ScalarValues } from '../datasets/column-values';
import type { RowChunk } from '../datasets/read-rows';

/** A chunk of a table's rows as the model's input tensors: what a caller of predict would have sent, column by column. */
export const rowFeeds = (signature: ModelSignature, chunk: RowChunk): Record<string, Tensor> =>
  Object.fromEntries(signature.inputs.map((field) => [field.name, columnTensor(field, chunk)]));

function columnTensor(
  { name, element_type: elementType, shape }: ModelSignature['inputs'][number],
  { rows, columns }: RowChunk,
): Tensor {
  const given = scalarsIn(columns[name]);
  const values = elementType === 'string' ? given : withoutText(given);
  const isText = Array.isArray(values);
  if (values === undefined || !isJsonElementType(elementType) || isText !== (elementType === 'string'))
    throw new UnusableDataError(
      `the column '${name}' of the test rows cannot be fed to the model's input of ${elementType}`,
    );
  const list = isText || elementType === 'float' ? values : Array.from(values);
  return tensor(elementType, [rows, ...shape], list);
}

const scalarsIn = (values: ColumnValues | undefined): ScalarValues | undefined =>
  values !== undefined && isScalar(values) ? values : undefined;

/** A column without a value in any of its rows is ingested as text: for a model that reads numbers, all are missing. */
function withoutText(values: ScalarValues | undefined): ScalarValues | undefined {
  const isEmpty = Array.isArray(values) && values.every((value) => value === '');
  return isEmpty ? new Float32Array(values.length).fill(Number.NaN) : values;
}
