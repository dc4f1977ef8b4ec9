import type { ModelSignature } from '../contracts/model';
import type { Dimension } from '../onnx/ir';
import type { SignatureField } from './field-formats';
import { isJsonElementType, type TensorFormat, tensorFormats } from './tensor-formats';

/** A graph input or output as the model file declares it; the shape is undefined where the rank is unknown. */
export interface DeclaredTensor {
  readonly name: string;
  readonly elementType: string;
  readonly shape: readonly Dimension[] | undefined;
}

const jsonTypes: Record<TensorFormat['kind'], SignatureField['type']> = {
  float: 'number',
  integer: 'integer',
  boolean: 'boolean',
  string: 'string',
};

/** A first axis of no fixed size, or of size 1, counts instances. */
const hasLeadingAxis = (shape: readonly Dimension[]) =>
  shape.length > 0 && (typeof shape[0] !== 'number' || shape[0] === 1);

function deriveField({ name, elementType, shape = [] }: DeclaredTensor): SignatureField {
  const format: TensorFormat | undefined = isJsonElementType(elementType)
    ? tensorFormats[elementType]
    : undefined;
  const own = hasLeadingAxis(shape) ? shape.slice(1) : shape;
  return {
    name,
    type: jsonTypes[format?.kind ?? 'float'],
    element_type: elementType,
    shape: own.map((size) => (typeof size === 'number' ? size : -1)),
  };
}

/** What a model without a declared signature takes and gives: its tensors by name, one instance of each. */
export const deriveSignature = (
  inputs: readonly DeclaredTensor[],
  outputs: readonly DeclaredTensor[],
): ModelSignature => ({
  task: 'other',
  inputs: inputs.map(deriveField),
  outputs: outputs.map(deriveField),
});
