import { recover } from '../../../../jobs/compression/retraining/recover';
import { recoverySpec } from '../../../../shared/contracts/compression/step-spec';
import type { ModelSignature } from '../../../../shared/contracts/model';
import { attribute, constant, floats, input, operation, tensor } from '../../../../shared/onnx/build';
import { add, matMul } from '../../../../shared/onnx/expressions';
import type { Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { withWeights } from '../../../support/digit-classifier';
import { penguinModel, penguinSignature } from '../../../support/penguin-model';
import { noise } from '../../../support/random-mlp';
import { runGraph } from '../../../support/run-onnx';
import { sampleBench } from '../../../support/sample-bench';
import { smallNetwork, smallRows } from '../../../support/small-network';

interface Form {
  readonly original: Model;
  readonly signature: ModelSignature;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly output: string;
  /** As many rows as the file takes at once; all where absent. */
  readonly compared?: number;
}

const other = (output: string): ModelSignature => ({
  task: 'other',
  inputs: [],
  outputs: [{ name: output, type: 'number', element_type: 'float', shape: [] }],
});

const next = noise(9);
const numbers = (...dims: number[]): Tensor =>
  floats(dims, Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next));

/** A hidden layer and an output layer behind `x` `[batch, 4]`, and what is made of their results. */
function network(outputs: number, finish: (scores: Value) => Value): Model {
  const x = input('x', 'float', ['batch', 4]);
  const hidden = operation('Tanh', [
    add(matMul(x, constant(numbers(4, 12), 'hidden.weight')), constant(numbers(12))),
  ]);
  const scores = matMul(hidden, constant(numbers(12, outputs), 'output.weight'));
  return model({ graph: { name: 'network', inputs: [x], outputs: [{ name: 'y', value: finish(scores) }] } });
}

const rows = { x: numbers(256, 4) };
const penguinRows = {
  mass: floats(
    [200],
    Float32Array.from({ length: 200 }, () => 4 + next()),
  ),
  island: tensor(
    'string',
    [200],
    Array.from({ length: 200 }, () => (next() > 0 ? 'Biscoe' : 'Dream')),
  ),
};

const forms: [string, Form][] = [
  [
    'text and missing numbers ahead of its weights',
    { original: penguinModel(), signature: penguinSignature, feeds: penguinRows, output: 'probabilities' },
  ],
  [
    "an exporter's form of one row, with a normalisation over the batch",
    {
      original: smallNetwork({ normalised: true }),
      signature: { ...other('probabilities'), task: 'classification', classes: ['a', 'b', 'c'] },
      feeds: { image: smallRows(256).features },
      output: 'probabilities',
      compared: 1,
    },
  ],
  [
    'numbers in a unit of their own',
    {
      original: network(2, (scores) =>
        add(operation('Mul', [scores, constant(floats([], [100]))]), constant(floats([], [2000]))),
      ),
      signature: { ...other('y'), task: 'regression' },
      feeds: rows,
      output: 'y',
    },
  ],
  [
    'chances of labels that do not exclude each other',
    {
      original: network(3, (scores) => operation('Sigmoid', [scores])),
      signature: other('y'),
      feeds: rows,
      output: 'y',
    },
  ],
  [
    'logarithms of probabilities',
    {
      original: network(3, (scores) => operation('Identity', [operation('LogSoftmax', [scores])])),
      signature: other('y'),
      feeds: rows,
      output: 'y',
    },
  ],
  [
    'probabilities at several positions, classes ahead of them',
    {
      original: network(6, (scores) =>
        operation('Softmax', [operation('Reshape', [scores, constant(tensor('int64', [3], [-1, 3, 2]))])], {
          axis: attribute.int(1),
        }),
      ),
      signature: other('y'),
      feeds: rows,
      output: 'y',
    },
  ],
];

const firstRows = (feeds: Form['feeds'], rows: number): Form['feeds'] =>
  Object.fromEntries(
    Object.entries(feeds).map(
      ([
        name,
        {
          elementType,
          dims: [all = 1, ...row],
          data,
        },
      ]) => [name, { elementType, dims: [rows, ...row], data: data.slice(0, (data.length / all) * rows) }],
    ),
  );

/** The mean square of the difference of two models' answers. */
async function apart(one: Model, { original, feeds: all, output, compared }: Form): Promise<number> {
  const feeds = compared === undefined ? all : firstRows(all, compared);
  const [own, wanted] = await Promise.all(
    [one, original].map(({ graph, opsets }) => runGraph(graph, feeds, opsets)),
  );
  const [found, expected] = [own, wanted].map((results) => Array.from(results?.[output]?.data ?? [], Number));
  const squares = (found ?? []).map((value, at) => (value - (expected?.[at] ?? Number.NaN)) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}

function setup({ original, signature, feeds }: Form) {
  const shaken = noise(4);
  const broken = withWeights(original, (data) =>
    data.length > 1 ? data.map((weight) => weight * (1 + 0.6 * shaken())) : undefined,
  );
  const bench = sampleBench({ original, signature, feeds });
  const recovery = recoverySpec.parse({ epochs: 40, learning_rate: 0.01, batch_size: 32 });
  return { broken, run: () => recover(broken, { bench, recovery }) };
}

describe('recovering a model', () => {
  it.each(forms)('of %s brings its answers back', async (_, form) => {
    const { broken, run } = setup(form);

    const recovered = await run();

    const [before, after] = [await apart(broken, form), await apart(recovered, form)];
    expect(after).toBeLessThan(before / 5);
  });
});
