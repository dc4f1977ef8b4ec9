import type { ModelSignature } from '../../shared/contracts/model';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { tensor } from '../../shared/onnx/build';
import type { Tensor } from '../../shared/onnx/ir';
import { isJsonElementType } from '../../shared/predictions/tensor-formats';
import type { RowChunk } from '../datasets/read-rows';

/** A chunk of a table's rows as the model's input tensors: what a caller of predict would have sent, column by column. */
export const rowFeeds = (signature: ModelSignature, chunk: RowChunk): Record<string, Tensor> =>
  Object.fromEntries(signature.inputs.map((field) => [field.name, columnTensor(field, chunk)]));

function columnTensor(
  { name, element_type: elementType, shape }: ModelSignature['inputs'][number],
  { rows, columns }: RowChunk,
): Tensor {
  const values = columns[name];
  const isText = Array.isArray(values);
  if (values === undefined || !isJsonElementType(elementType) || isText !== (elementType === 'string'))
    throw new UnusableDataError(
      `the column '${name}' of the test rows cannot be fed to the model's input of ${elementType}`,
    );
  const list = isText || elementType === 'float' ? values : Array.from(values);
  return tensor(elementType, [rows, ...shape], list);
}
