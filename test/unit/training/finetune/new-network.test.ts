import { initialWeights } from '../../../../jobs/training/initial-weights';
import { predict } from '../../../../jobs/training/network';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { BadSpecError } from '../../../../shared/errors/job-errors';
import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  output,
  tensor,
} from '../../../../shared/onnx/build';
import type { Model, Tensor, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { runGraph } from '../../../support/run-graph';
import {
  type Operated,
  operatedOn,
  smallNetwork,
  smallRows,
  trainedBy,
} from '../../../support/small-network';

const named = (specs: readonly { name: string }[]) => specs.map(({ name }) => name);

const baseWeights = ['conv.weight', 'conv.shift', 'hidden.weight', 'hidden.bias'];
const headWeights = ['head.output.weight', 'head.output.bias'];

const graphOf = (value: Value, ...inputs: readonly ReturnType<typeof input>[]): Model =>
  model({ graph: { name: 'given', inputs, outputs: [{ name: 'scores', value }] } });

/** Scores of rows, by other weights than the drawn ones where they are given. */
async function scoresOf(
  { network, prefix, columns }: Operated,
  rows: number,
  given: Record<string, Tensor> = {},
) {
  const weights = initialWeights(network, 1);
  const scores = predict(network, prefix.features, {
    parameters: weights.parameters.map((each, index) =>
      constant(given[network.parameters[index]?.name ?? ''] ?? each),
    ),
    statistics: weights.statistics.map((each) => constant(each)),
  });
  const [column] = columns;
  const results = await runGraph(new Map(column ? [[column, smallRows(rows).features]] : []), { scores });
  return Array.from(results.scores?.data ?? [], Number);
}

describe('newNetwork', () => {
  it('learns every weight but those of the last layer, whose place a head takes', () => {
    const { network, pooling } = operatedOn(smallNetwork());

    expect(named(network.parameters)).toEqual([...baseWeights, ...headWeights]);
    expect(pooling).toBe('read as it is');
  });

  it.each<[string, object, number]>([
    ['one row at a time', { batch: 1 }, 4],
    ['any number of rows', { batch: 'batch' }, 4],
    ['one row at a time, with batch normalization', { normalised: true }, 4],
    ['double', { batch: 'batch', elementType: 'double' }, 4],
    ['float16', { batch: 'batch', elementType: 'float16' }, 2],
  ])('computes what the file does, which was written for %s', async (_, options, digits) => {
    const source = smallNetwork(options);
    const rows = 6;
    const session = await onnxModelRuntime().load(
      writeModel(smallNetwork({ ...options, batch: 'batch', elementType: 'float' })),
    );
    const weight = (name: string) => weightNamed(source, name);

    const scores = await scoresOf(operatedOn(source), rows, {
      'head.output.weight': weight('output.weight'),
      'head.output.bias': weight('output.bias'),
    });

    const { probabilities } = await session.run({ image: smallRows(rows).features });
    const expected = Array.from(probabilities?.data ?? [], Number);
    for (let row = 0; row < rows; row++) {
      const powers = scores.slice(3 * row, 3 * row + 3).map(Math.exp);
      const sum = powers.reduce((a, b) => a + b, 0);
      for (const [place, power] of powers.entries())
        expect(power / sum).toBeCloseTo(expected[3 * row + place] ?? Number.NaN, digits);
    }
  });

  it('hands the trained part several inputs as one, whole numbers too', async () => {
    const { network, prefix, columns } = operatedOn(twoInputs());
    const weights = initialWeights(network, 1);
    const scores = predict(network, prefix.features, {
      parameters: weights.parameters.map((each) => constant(each)),
      statistics: [],
    });
    const [numbers, ids] = columns;
    if (numbers === undefined || ids === undefined) throw new Error('two inputs are needed');
    const fed = new Map([
      [numbers, floats([2, 2], [1, 2, 3, 4])],
      [ids, tensor('int64', [2, 3], [0, 1, 2, 2, 1, 1])],
    ]);

    const { features, given } = await runGraph(fed, { features: prefix.features, given: scores });

    expect(named(network.parameters)).toEqual(['first', 'embedding', ...headWeights]);
    expect(prefix.row).toEqual({ elementType: 'float', dims: [5] });
    expect(Array.from(features?.data ?? [], Number)).toEqual([1, 2, 0, 1, 2, 3, 4, 2, 1, 1]);
    // first = numbers [1, 1; 1, 1], the rows of the embedding summed: [0 + 1 + 2, 0], [2 + 1 + 1, 0]
    const [weight] = weights.parameters.slice(-2);
    const head = (a: number, b: number, at: number) =>
      a * Number(weight?.data[at]) + b * Number(weight?.data[3 + at]);
    const expected = [0, 1, 2]
      .map((at) => head(3 + 3, 3, at))
      .concat([0, 1, 2].map((at) => head(7 + 4, 7, at)));
    for (const [place, value] of Array.from(given?.data ?? [], Number).entries())
      expect(value).toBeCloseTo(expected[place] ?? Number.NaN, 4);
  });

  it('trains batch normalization by the batch, and its running statistics follow', async () => {
    const { network } = operatedOn(smallNetwork({ normalised: true }));

    const trained = await trainedBy(operatedOn(smallNetwork({ normalised: true })), 32, 4);

    expect(named(network.statistics)).toEqual(['norm.mean', 'norm.var']);
    expect(Array.from(trained.at(-1)?.data ?? [], Number)).not.toEqual([2, 2]);
  });

  it('leaves the statistics of a frozen batch normalization alone', () => {
    const { network } = operatedOn(smallNetwork({ normalised: true }), { spec: { freeze: ['norm.*'] } });

    expect(network.statistics).toEqual([]);
  });

  it('reads another value of the file where one is asked for', () => {
    const pooled = operatedOn(smallNetwork(), { output: 'MaxPool_0' });

    expect(pooled.pooling).toBe('the mean of each channel');
    expect(named(pooled.network.parameters)).toEqual(['conv.weight', 'conv.shift', ...headWeights]);
  });

  it('puts hidden layers into the head, and names a second head apart from the first', () => {
    const first = operatedOn(smallNetwork(), { spec: { head: { hidden_units: [5] } } });
    const again = operatedOn(headed(), {});

    expect(named(first.network.parameters).slice(4)).toEqual([
      'head.hidden_0.weight',
      'head.hidden_0.bias',
      ...headWeights,
    ]);
    expect(named(again.network.parameters)).toEqual([
      'head.hidden_0.weight',
      'head_2.output.weight',
      'head_2.output.bias',
    ]);
  });

  it('multiplies the learning rate by the first factor whose pattern fits', () => {
    const learning_rates = [
      { pattern: 'conv.*', factor: 0.1 },
      { pattern: '*', factor: 0.5 },
      { pattern: 'head.*', factor: 3 },
    ];

    const { network } = operatedOn(smallNetwork(), { spec: { learning_rates } });

    expect(network.parameters.map(({ learningRateFactor }) => learningRateFactor)).toEqual([
      0.1, 0.1, 0.5, 0.5, 3, 3,
    ]);
  });

  it.each([
    [['conv.*'], ['hidden.weight', 'hidden.bias', ...headWeights]],
    [['*'], headWeights],
    [['*', 'head.output.bias'], ['head.output.weight']],
  ])('freezes %j', (freeze, expected) => {
    const { network, trained } = operatedOn(smallNetwork(), { spec: { freeze } });

    const learned = network.parameters.filter(({ name }) => trained.has(name));

    expect(named(learned)).toEqual(expected);
  });

  it('makes up names for weights that have none, and knows a tied weight once', () => {
    const rows = input('rows', 'float', ['batch', 2]);
    const tied = constant(floats([2, 2], [1, 2, 3, 4]));
    const twice = operation('MatMul', [operation('Relu', [operation('MatMul', [rows, tied])]), tied]);
    const scores = operation('MatMul', [twice, constant(floats([2, 2], [1, 0, 0, 1]), 'last')]);

    const { weights } = operatedOn(graphOf(scores, rows));

    expect(weights).toHaveLength(1);
  });

  it('learns no masks, no single numbers in formulas and nothing ahead of the first layer', () => {
    const rows = input('rows', 'float', ['batch', 2]);
    const scaled = operation('Mul', [rows, constant(floats([2], [0.1, 0.2]), 'deviations')]);
    const first = operation('MatMul', [scaled, constant(floats([2, 2], [1, 2, 3, 4]), 'first')]);
    const halved = operation('Mul', [first, constant(floats([1], [0.5]), 'half')]);
    const masked = operation('Add', [halved, constant(floats([2], [0, -1e9]), 'mask')]);
    const scores = operation('MatMul', [masked, constant(floats([2, 2], [1, 0, 0, 1]), 'last')]);

    const { weights } = operatedOn(graphOf(scores, rows));

    expect(named(weights)).toEqual(['first']);
  });

  it('learns weights that were stored as whole numbers as the floats that they stand for', () => {
    const rows = input('rows', 'float', ['batch', 2]);
    const stored = constant({ elementType: 'int8', dims: [2, 2], data: Int8Array.of(2, 4, 6, 8) }, 'stored');
    const scales = constant(floats([2], [0.5, 0.25]));
    const weight = operation('DequantizeLinear', [stored, scales], { axis: attribute.int(1) });
    const first = operation('MatMul', [rows, weight]);
    const scores = operation('MatMul', [first, constant(floats([2, 2], [1, 0, 0, 1]), 'last')]);

    const { weights } = operatedOn(graphOf(scores, rows));

    expect(Array.from(weights[0]?.value.tensor.data ?? [], Number)).toEqual([1, 1, 3, 2]);
  });

  it.each<[string, () => unknown, typeof BadSpecError | typeof UnsuitableModelError, RegExp]>([
    [
      'a pattern that fits nothing, with the nearest names',
      () => operatedOn(smallNetwork(), { spec: { freeze: ['hiden.*'] } }),
      BadSpecError,
      /'hiden\.\*' fits no weight; the nearest are: 'hidden\.bias'/,
    ],
    [
      'a rate for nothing',
      () => operatedOn(smallNetwork(), { spec: { learning_rates: [{ pattern: 'nope', factor: 2 }] } }),
      BadSpecError,
      /learning_rates\/0\/pattern: 'nope' fits no weight/,
    ],
    [
      'a frozen everything',
      () => operatedOn(smallNetwork(), { spec: { freeze: ['*', 'head.*'] } }),
      BadSpecError,
      /every weight is frozen/,
    ],
    [
      'a value that is not there, with the nearest names',
      () => operatedOn(smallNetwork(), { output: 'MaxPool_7' }),
      BadSpecError,
      /no value 'MaxPool_7' to learn from; the nearest are: 'MaxPool_0'/,
    ],
    [
      'a model whose only weights are those of its last layer',
      () => operatedOn(lastLayerAlone()),
      UnsuitableModelError,
      /no trainable weights ahead of the value/,
    ],
    [
      'a model without weights',
      () => operatedOn(weightless()),
      UnsuitableModelError,
      /no trainable weights, so that there is nothing to fine-tune/,
    ],
    [
      'a model that was quantised, with the node',
      () => operatedOn(quantised()),
      UnsuitableModelError,
      /the model is quantised: DynamicQuantizeLinear\(float\[batch, 2\]\) rounds/,
    ],
    [
      'to learn through a rounded value',
      () => operatedOn(rounded()),
      UnsuitableModelError,
      /the model is quantised: DynamicQuantizeLinear\(float\[batch, 2\]\) rounds/,
    ],
    [
      'a model that mixes its rows, with the node',
      () => operatedOn(mixing()),
      UnsuitableModelError,
      /not one of each row; the rows' axis is lost at ReduceMax\(float\[batch, 2\], int64\[1\]\)/,
    ],
  ])('refuses %s', (_, operate, kind, message) => {
    expect(operate).toThrow(kind);
    expect(operate).toThrow(message);
  });
});

const rowsInput = () => input('rows', 'float', ['batch', 2]);

const twoInputs = () => {
  const numbers = rowsInput();
  const ids = input('ids', 'int64', ['batch', 3]);
  const table = constant(floats([3, 2], [0, 0, 1, 0, 2, 0]), 'embedding');
  const embedded = operation('Gather', [table, ids]);
  const summed = operation('ReduceSum', [embedded, constant(int64s([1]))], { keepdims: attribute.int(0) });
  const first = operation('MatMul', [numbers, constant(floats([2, 2], [1, 1, 1, 1]), 'first')]);
  const joined = operation('Add', [first, summed]);
  return graphOf(operation('MatMul', [joined, constant(floats([2, 2], [1, 0, 0, 1]), 'last')]), numbers, ids);
};

const lastLayerAlone = () => {
  const rows = rowsInput();
  return graphOf(operation('MatMul', [rows, constant(floats([2, 2], [1, 2, 3, 4]), 'weight')]), rows);
};

const weightless = () => {
  const rows = rowsInput();
  return graphOf(operation('Softmax', [rows]), rows);
};

const mixing = () => {
  const rows = rowsInput();
  const first = operation('MatMul', [rows, constant(floats([2, 2], [1, 2, 3, 4]), 'first')]);
  const mixed = operation('ReduceMax', [first, constant(int64s([0]))]);
  return graphOf(operation('MatMul', [mixed, constant(floats([2, 2], [1, 2, 3, 4]))]), rows);
};

const wholeProduct = (value: Value) => {
  const parts = operation('DynamicQuantizeLinear', [value]);
  const weight = constant({ elementType: 'int8', dims: [2, 2], data: Int8Array.of(1, 2, 3, 4) }, 'weight');
  const product = operation('MatMulInteger', [parts, weight, output(parts, 2)]);
  return operation('Mul', [operation('Cast', [product], { to: attribute.int(1) }), output(parts, 1)]);
};

const quantised = () => {
  const rows = rowsInput();
  return graphOf(wholeProduct(rows), rows);
};

const rounded = () => {
  const rows = rowsInput();
  const first = operation('MatMul', [rows, constant(floats([2, 2], [1, 2, 3, 4]), 'first')]);
  const last = constant(floats([2, 2], [1, 0, 0, 1]), 'last');
  return graphOf(operation('MatMul', [wholeProduct(first), last]), rows);
};

/** A model that has a head of an earlier fine-tuning. */
const headed = () => {
  const rows = rowsInput();
  const hidden = operation('MatMul', [rows, constant(floats([2, 2], [1, 2, 3, 4]), 'head.hidden_0.weight')]);
  return graphOf(
    operation('MatMul', [hidden, constant(floats([2, 2], [1, 0, 0, 1]), 'head.output.weight')]),
    rows,
  );
};

/** A weight of the small network as float32. */
function weightNamed(source: Model, name: string): Tensor {
  const found = operatedOn(source, { output: 'probabilities' }).weights.find(
    (weight) => weight.name === name,
  );
  if (found === undefined) throw new Error(`no weight ${name}`);
  return found.value.tensor;
}
