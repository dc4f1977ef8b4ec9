import type { z } from 'zod';
import type { signatureField } from '../contracts/model';
import { ConfigurationError } from '../errors/job-errors';
import { describeValue } from './describe-value';
import {
  isJsonElementType,
  type JsonElementType,
  type TensorFormat,
  type TensorWriter,
  tensorFormats,
} from './tensor-formats';

export type SignatureField = z.infer<typeof signatureField>;

type Put = TensorWriter['put'];
type Convert = (put: Put) => Put;

const unchanged: Convert = (put) => put;

const wholeOnly: Convert = (put) => (index, value) =>
  Number.isInteger(value) ? put(index, value) : `must be a whole number, got ${describeValue(value)}`;

const flagAs =
  (convert: (flag: boolean) => unknown): Convert =>
  (put) =>
  (index, value) =>
    typeof value === 'boolean'
      ? put(index, convert(value))
      : `must be true or false, got ${describeValue(value)}`;

const flagAsNumber = flagAs((flag) => (flag ? 1 : 0));

/** From what a caller sends to what the tensor holds; a pair that is missing here makes no sense. */
const conversions: Record<SignatureField['type'], Partial<Record<TensorFormat['kind'], Convert>>> = {
  number: { float: unchanged, integer: unchanged },
  integer: { float: wholeOnly, integer: unchanged },
  string: { string: unchanged },
  boolean: { boolean: unchanged, string: flagAs(String), float: flagAsNumber, integer: flagAsNumber },
};

/** How the values of one field come into its tensor, chosen once per model. */
export interface FieldFormat {
  readonly elementType: JsonElementType;
  open(size: number): TensorWriter;
}

function misfit(field: SignatureField): ConfigurationError {
  return new ConfigurationError(
    `the model's field '${field.name}' is a ${field.nullable ? 'nullable ' : ''}${field.type}, which a tensor of ${field.element_type} cannot hold`,
  );
}

/** `ConfigurationError` where the signature pairs what cannot be paired, as a string with a float tensor. */
export function fieldFormat(field: SignatureField): FieldFormat {
  const elementType = field.element_type;
  if (!isJsonElementType(elementType)) throw misfit(field);
  const format: TensorFormat = tensorFormats[elementType];
  const convert = conversions[field.type][format.kind];
  const holdsMissing = format.kind === 'float' || format.kind === 'string';
  if (convert === undefined || (field.nullable && !holdsMissing)) throw misfit(field);
  return {
    elementType,
    open(size) {
      const writer = format.open(size);
      return { ...writer, put: convert(writer.put) };
    },
  };
}
