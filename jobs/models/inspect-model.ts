import type { Model, ValueType } from '../../shared/onnx/ir';
import type { DeclaredTensor } from '../../shared/predictions/derive-signature';
import { isJsonElementType } from '../../shared/predictions/tensor-formats';

/** Something that keeps a model from being served, in words for who made it. */
export interface ModelProblem {
  code: string;
  detail: string;
}

export interface InspectedModel {
  inputs: readonly DeclaredTensor[];
  outputs: readonly DeclaredTensor[];
  problems: readonly ModelProblem[];
}

/** The newest that ONNX Runtime 1.30 runs. */
const newestOpset = 26;
const newestIrVersion = 13;

/**
 * What a model takes and gives, and what forbids to open it: some element types would end the whole process if the runtime
 * were to hand them out, so they are looked for before it is asked.
 */
export function inspectModel({ graph, opsets, irVersion }: Model): InspectedModel {
  const inputs = graph.inputs.map(({ name, type }) => ({ what: `the input '${name}'`, name, type }));
  const outputs = graph.outputs.map(({ name, value }) => ({
    what: `the output '${name}'`,
    name,
    type: value.type,
  }));
  const opset = opsets[''] ?? 0;
  return {
    inputs: inputs.flatMap(declared),
    outputs: outputs.flatMap(declared),
    problems: [
      ...problem(inputs.length === 0, 'no_inputs', 'the model has no inputs, so it always says the same'),
      ...problem(outputs.length === 0, 'no_outputs', 'the model has no outputs'),
      ...problem(opset > newestOpset, 'unsupported_opset', tooNew('opset', opset, newestOpset)),
      ...problem(
        irVersion > newestIrVersion,
        'unsupported_ir',
        tooNew('IR version', irVersion, newestIrVersion),
      ),
      ...[...inputs, ...outputs].flatMap(({ what, type }) => typeProblem(what, type)),
    ],
  };
}

const problem = (holds: boolean, code: string, detail: string): ModelProblem[] =>
  holds ? [{ code, detail }] : [];

const tooNew = (what: string, given: number, newest: number) =>
  `the model is of ${what} ${given}, and the newest that runs here is ${newest}: export it again for that`;

function typeProblem(what: string, type: ValueType): ModelProblem[] {
  if (type.kind !== 'tensor')
    return problem(
      type.kind !== 'unknown',
      'unsupported_type',
      `${what} is of kind ${type.kind}; only tensors can be sent and answered`,
    );
  return problem(
    !isJsonElementType(type.elementType),
    'unsupported_type',
    `${what} is a tensor of ${type.elementType}, which cannot be sent or answered: cast it to float or int64 in the model`,
  );
}

function declared({ name, type }: { name: string; type: ValueType }): DeclaredTensor[] {
  return type.kind === 'tensor' ? [{ name, elementType: type.elementType, shape: type.shape }] : [];
}
