import type { ModelSignature } from '../../shared/contracts/model';
import { attribute, constant, floats, input, operation, tensor } from '../../shared/onnx/build';
import { add, castTo, divide, matMul } from '../../shared/onnx/expressions';
import type { ConstantValue, Model, Tensor } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { rewrite } from '../../shared/onnx/walk';
import { mnistDigits } from './mnist-digits';
import { noise } from './random-mlp';
import { runGraph } from './run-onnx';

const classes = Array.from({ length: 10 }, (_, digit) => digit);

export const digitSignature: ModelSignature = {
  task: 'classification',
  inputs: [{ name: 'pixels', type: 'number', element_type: 'uint8', shape: [784] }],
  outputs: [
    { name: 'label', type: 'integer', element_type: 'int64', shape: [] },
    { name: 'probabilities', type: 'number', element_type: 'float', shape: [10] },
  ],
  target: 'label',
  classes,
};

/** Real digits as the classifier reads them, in a mixed order: so many of each. */
export function digitRows(ofEach: number, skipped = 0) {
  const digits = mnistDigits(ofEach + skipped).filter((_, place) => place % (ofEach + skipped) >= skipped);
  const mixed = digits.map((_, place) => digits[(place * 7919) % digits.length] ?? { label: 0, pixels: [] });
  return {
    feeds: {
      pixels: tensor('uint8', [mixed.length, 784], Uint8Array.from(mixed.flatMap(({ pixels }) => pixels))),
    },
    labels: tensor(
      'int64',
      [mixed.length],
      mixed.map(({ label }) => label),
    ),
  };
}

/** Bytes of pixels to a digit and its probabilities through one hidden layer, with weights drawn at random. */
export function digitClassifier(units = 32): Model {
  const next = noise(3);
  const drawn = (name: string, rows: number, columns: number) =>
    constant(
      floats(
        [rows, columns],
        Float32Array.from({ length: rows * columns }, () => next() * Math.sqrt(3 / rows)),
      ),
      name,
    );
  const zeros = (name: string, length: number) => constant(floats([length], new Float32Array(length)), name);
  const pixels = input('pixels', 'uint8', ['batch', 784]);
  const scaled = divide(castTo(pixels, 'float'), constant(floats([], [255]), 'largest'));
  const hidden = operation('Relu', [
    add(matMul(scaled, drawn('hidden.weight', 784, units)), zeros('hidden.bias', units)),
  ]);
  const scores = add(matMul(hidden, drawn('output.weight', units, 10)), zeros('output.bias', 10));
  const winner = operation('ArgMax', [scores], { axis: attribute.int(1), keepdims: attribute.int(0) });
  const label = operation('Gather', [constant(tensor('int64', [10], classes)), winner]);
  const probabilities = operation('Softmax', [scores], { axis: attribute.int(1) });
  return model({
    graph: {
      name: 'digits',
      inputs: [pixels],
      outputs: [
        { name: 'label', value: label },
        { name: 'probabilities', value: probabilities },
      ],
    },
    metadata: { made: 'by hand' },
  });
}

/** The same model with other numbers in some of its constants. */
export const withWeights = (
  source: Model,
  change: (data: Float32Array, value: ConstantValue) => Float32Array | undefined,
): Model => ({
  ...source,
  graph: rewrite(source.graph, (value) => {
    if (value.kind !== 'constant' || !(value.tensor.data instanceof Float32Array)) return undefined;
    const data = change(value.tensor.data, value);
    return data && constant(floats(value.tensor.dims, data), value.name);
  }),
});

/** The part of these rows that a model labels right. */
export async function accuracyOn(
  { graph, opsets }: Model,
  { feeds, labels }: { feeds: Readonly<Record<string, Tensor>>; labels: Tensor },
): Promise<number> {
  const { label } = await runGraph(graph, feeds, opsets);
  const right = Array.from(labels.data, Number).filter((truth, row) => truth === Number(label?.data[row]));
  return right.length / labels.data.length;
}
