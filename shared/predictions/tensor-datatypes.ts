import type { TensorDatatype, TensorMetadata } from '../contracts/inference';
import type { TensorInfo } from '../ports/model-runtime';
import { isJsonElementType, type JsonElementType } from './tensor-formats';

/** The Open Inference Protocol's name of each element type. */
const datatypes: Record<JsonElementType, TensorDatatype> = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float16: 'FP16',
  bfloat16: 'BF16',
  float: 'FP32',
  double: 'FP64',
  string: 'BYTES',
};

/** Undefined for the types that the protocol cannot carry in JSON. */
export const datatypeOf = (elementType: string): TensorDatatype | undefined =>
  isJsonElementType(elementType) ? datatypes[elementType] : undefined;

/** A tensor as the protocol describes it; one that it cannot carry is left out. */
export function tensorMetadataOf({ name, elementType, shape }: TensorInfo): TensorMetadata[] {
  const datatype = datatypeOf(elementType);
  if (datatype === undefined) return [];
  return [{ name, datatype, shape: shape.map((size) => (typeof size === 'number' ? size : -1)) }];
}
