import type { ModelSignature } from '../../shared/contracts/model';
import type { Dimension } from '../../shared/onnx/ir';
import type { DeclaredTensor } from '../../shared/predictions/derive-signature';
import { fieldFormat, type SignatureField } from '../../shared/predictions/field-formats';
import type { ModelProblem } from './inspect-model';

interface ModelTensors {
  inputs: readonly DeclaredTensor[];
  outputs: readonly DeclaredTensor[];
}

/** Where a signature that was declared with an upload is not what the model is. */
export function checkSignature(signature: ModelSignature, tensors: ModelTensors): ModelProblem[] {
  const details = [
    ...fieldMisfits('input', signature.inputs, tensors.inputs),
    ...fieldMisfits('output', signature.outputs, tensors.outputs),
    ...leftOut(signature.inputs, tensors.inputs),
    ...signature.inputs.flatMap(unreadable),
    ...classMisfits(signature),
  ];
  return details.map((detail) => ({ code: 'signature_mismatch', detail }));
}

function fieldMisfits(
  what: 'input' | 'output',
  fields: readonly SignatureField[],
  tensors: readonly DeclaredTensor[],
): string[] {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const names = tensors.map(({ name }) => name).join(', ');
  return fields.flatMap((field) => {
    const tensor = byName.get(field.name);
    if (tensor === undefined)
      return [`the signature's ${what} '${field.name}' is not in the model, whose ${what}s are: ${names}`];
    const { elementType, shape } = tensor;
    if (elementType !== field.element_type)
      return [
        `the signature says that the ${what} '${field.name}' is ${field.element_type}, the model that it is ${elementType}`,
      ];
    return shape === undefined || shapeFits(field.shape, shape)
      ? []
      : [
          `the signature's shape [${field.shape.join(', ')}] of one instance of the ${what} '${field.name}' does not fit the model's [${shape.map((size) => size ?? '?').join(', ')}]`,
        ];
  });
}

/** The model's shape is the field's, or has one leading axis more for the instances, open or of size 1. */
function shapeFits(field: readonly number[], declared: readonly Dimension[]): boolean {
  const extra = declared.length - field.length;
  const isBatch = extra === 1 && (typeof declared[0] !== 'number' || declared[0] === 1);
  if (extra !== 0 && !isBatch) return false;
  return field.every((size, axis) => {
    const other = declared[axis + extra];
    return size === -1 || typeof other !== 'number' || size === other;
  });
}

function leftOut(fields: readonly SignatureField[], tensors: readonly DeclaredTensor[]): string[] {
  const named = new Set(fields.map(({ name }) => name));
  return tensors
    .filter(({ name }) => !named.has(name))
    .map(({ name }) => `the model's input '${name}' is not in the signature, and the model needs it`);
}

function unreadable(field: SignatureField): string[] {
  try {
    fieldFormat(field);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function classMisfits({ task, classes = [], outputs }: ModelSignature): string[] {
  if (task !== 'classification') return [];
  const scored = outputs.some(
    ({ shape, type }) => type === 'number' && shape.length === 1 && shape[0] === classes.length,
  );
  return classes.length > 0 && scored
    ? []
    : [
        `a classification needs its classes and an output of one number for each; the signature has ${classes.length} classes and no such output`,
      ];
}
