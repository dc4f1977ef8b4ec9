import type { ModelSignature } from '../contracts/model';
import { ConfigurationError } from '../errors/job-errors';
import type { Tensor } from '../onnx/ir';
import type { SignatureField } from './field-formats';
import { nest } from './nested-data';
import { type JsonScalar, tensorValues } from './tensor-values';

type Outputs = Readonly<Record<string, Tensor>>;

/** Pure and made once per model: one prediction for each of the instances that were in the call. */
export type DecodePredictions = (outputs: Outputs, instances: number) => unknown[];

/**
 * `{label, probabilities}` for a classification, a number for a regression, and for any other model an object of its
 * outputs by name, as nested arrays. What the signature does not support is decoded by name too.
 */
export function compileDecoder(signature: ModelSignature): DecodePredictions {
  const decoders = { classification: classes, regression: numbers, other: byName };
  return decoders[signature.task](signature) ?? byName(signature);
}

function outputOf(outputs: Outputs, name: string): Tensor {
  const tensor = outputs[name];
  if (tensor === undefined) throw new ConfigurationError(`the model gave no output named '${name}'`);
  return tensor;
}

const valuesOf = (outputs: Outputs, field: SignatureField) => tensorValues(outputOf(outputs, field.name));

function numbers({ outputs }: ModelSignature): DecodePredictions | undefined {
  const field = outputs.find((output) => output.shape.every((size) => size === 1));
  return field && ((tensors) => valuesOf(tensors, field));
}

type Label = NonNullable<ModelSignature['classes']>[number];

function classes({ outputs, classes: labels = [] }: ModelSignature): DecodePredictions | undefined {
  const scores = outputs.find(
    ({ shape, type }) => type === 'number' && shape.length === 1 && shape[0] === labels.length,
  );
  if (scores === undefined || labels.length === 0) return undefined;
  const label = outputs.find((output) => output !== scores && output.shape.length === 0);
  const toProbabilities = compileProbabilities(labels);

  return (tensors, instances) => {
    const values = valuesOf(tensors, scores);
    const given = label && valuesOf(tensors, label);
    return Array.from({ length: instances }, (_, row) => {
      const start = row * labels.length;
      return {
        label: given ? labelOf(given[row], label) : labels[largestAt(values, start, labels.length)],
        probabilities: toProbabilities(values, start),
      };
    });
  };
}

/** A model keeps boolean classes as text; callers get back what their data had. */
function labelOf(value: JsonScalar | undefined, field: SignatureField): Label | null {
  if (value === undefined || value === null) return null;
  return field.type === 'boolean' && typeof value === 'string' ? value === 'true' : value;
}

function largestAt(values: readonly JsonScalar[], start: number, length: number): number {
  let best = 0;
  for (let at = 1; at < length; at++)
    if (Number(values[start + at] ?? 0) > Number(values[start + best] ?? 0)) best = at;
  return best;
}

/** Copies of one template: its keys are own properties already, so that a class named `__proto__` is a class. */
function compileProbabilities(labels: readonly Label[]) {
  const names = labels.map(String);
  const template: Record<string, JsonScalar> = Object.fromEntries(names.map((name) => [name, null]));
  return (values: readonly JsonScalar[], start: number) => {
    const probabilities = { ...template };
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      if (name !== undefined) probabilities[name] = values[start + at] ?? null;
    }
    return probabilities;
  };
}

function byName({ outputs }: ModelSignature): DecodePredictions {
  return (tensors, instances) => {
    const columns = outputs.map(({ name, shape }) => {
      const tensor = outputOf(tensors, name);
      return { name, rows: rowsOf(tensor, shape.length, instances) };
    });
    return Array.from({ length: instances }, (_, row) =>
      Object.fromEntries(columns.map(({ name, rows }) => [name, rows(row)])),
    );
  };
}

/** An output without a row for each instance is a property of the call: every prediction carries it whole. */
function rowsOf(tensor: Tensor, rank: number, instances: number): (row: number) => unknown {
  const values = tensorValues(tensor);
  const [leading, ...rest] = tensor.dims;
  if (tensor.dims.length !== rank + 1 || leading !== instances) return () => nest(values, tensor.dims);
  const stride = rest.reduce((product, size) => product * size, 1);
  return (row) => nest(values, rest, row * stride);
}
