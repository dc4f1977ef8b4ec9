import type { InferOutput, InferRequest } from '../contracts/inference';
import { AppError } from '../errors/app-error';
import type { Tensor } from '../onnx/ir';
import type { TensorInfo } from '../ports/model-runtime';
import { jsonPointer } from './json-pointer';
import { datatypeOf } from './tensor-datatypes';
import { tensorValues } from './tensor-values';
import { Violations } from './violations';

/** The outputs that an Open Inference Protocol request asks for, in its order; all of the model's where it names none. */
export function wantedOutputs(request: InferRequest, declared: readonly TensorInfo[]): readonly string[] {
  const names = declared.map(({ name }) => name);
  if (request.outputs === undefined || request.outputs.length === 0) return names;
  const violations = new Violations();
  request.outputs.forEach(({ name }, at) => {
    if (!names.includes(name))
      violations.add(
        jsonPointer('outputs', at, 'name'),
        `the model has no output '${name}'; it has: ${names.join(', ')}`,
      );
  });
  violations.throwIfAny('the outputs do not fit the model');
  return [...new Set(request.outputs.map(({ name }) => name))];
}

/** One tensor as the protocol carries it in JSON. */
export function writeInferOutput(name: string, tensor: Tensor): InferOutput {
  const datatype = datatypeOf(tensor.elementType);
  if (datatype === undefined)
    throw new AppError(`the output '${name}' is of ${tensor.elementType}, which the protocol cannot carry`, {
      code: 'unsupported_output',
      fault: 'caller',
    });
  return { name, shape: [...tensor.dims], datatype, data: tensorValues(tensor) };
}
