import {
  type Int8DynamicSettings,
  int8Dynamic,
} from '../../../../jobs/compression/quantization/dynamic/int8-dynamic';
import { UnsuitableModelError } from '../../../../shared/errors/compression-errors';
import { attribute, constant, floats, input, operation, scalar, tensor } from '../../../../shared/onnx/build';
import type { Attributes, ConstantValue, Model, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { layerExamples } from '../../../support/layer-examples';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

const settings: Int8DynamicSettings = {
  per_channel: true,
  symmetric: true,
  reduceRange: false,
  keep: [],
  operators: ['MatMul', 'Gemm', 'Conv', 'LSTM', 'Attention', 'Gather'],
};

const rows = 32;
const columns = 24;

function setup() {
  const next = noise(7);
  const values = (length: number) => Float32Array.from({ length }, next);
  const x = input('x', 'float', ['batch', rows]);
  return {
    x,
    values,
    weight: constant(floats([rows, columns], values(rows * columns)), 'w'),
    modelOf: (...outputs: Value[]): Model =>
      model({
        graph: {
          name: 'test',
          inputs: [x],
          outputs: outputs.map((value, at) => ({ name: `y${at}`, value })),
        },
      }),
    feeds: { x: floats([4, rows], values(4 * rows)) },
  };
}
type Setup = ReturnType<typeof setup>;

const valuesOf = ({ graph }: Model) => everyValue(graph.outputs.map(({ value }) => value));
const count = (made: Model, op: string) =>
  valuesOf(made).filter((value) => value.kind === 'operation' && value.op === op).length;
const int8 = (made: Model, other: Partial<Int8DynamicSettings> = {}) =>
  int8Dynamic({ ...settings, ...other }).apply(made);

const forms: Record<string, Partial<Int8DynamicSettings>> = {
  'by channel': {},
  'by tensor': { per_channel: false },
  'by channel, not around zero': { symmetric: false },
  'by tensor, not around zero': { per_channel: false, symmetric: false },
  'in 7 bits': { reduceRange: true },
  'in 7 bits, not around zero': { reduceRange: true, symmetric: false },
  'row by row': { eachRow: true },
};
const layers = Object.keys(layerExamples).filter((name) => !['GRU', 'ConvTranspose'].includes(name));

describe('int8 by dynamic quantization', () => {
  it.each(Object.keys(forms).flatMap((form) => layers.map((layer) => ({ form, layer }))))(
    'answers nearly as before for $layer, $form',
    async ({ form, layer }) => {
      const { model: original, feeds } = layerExamples[layer]?.() ?? { model: setup().modelOf(), feeds: {} };
      const { y: expected } = await runModel(writeModel(original), feeds);

      const { model: made, layers: decisions } = int8(original, forms[form]);

      expect(decisions.map(({ kept }) => kept)).toEqual([undefined]);
      const { y: found } = await runModel(writeModel(made), feeds);
      const before = Array.from(expected?.data ?? [], Number);
      const after = Array.from(found?.data ?? [], Number);
      const reach = Math.max(...before.map(Math.abs));
      expect(after).toHaveLength(before.length);
      expect(Math.max(...after.map((value, at) => Math.abs(value - (before[at] ?? 0))))).toBeLessThan(
        reach * 0.03,
      );
    },
  );

  const integerOperators: Record<string, string> = {
    MatMul: 'MatMulInteger',
    Gemm: 'MatMulInteger',
    Conv: 'ConvInteger',
    LSTM: 'DynamicQuantizeLSTM',
    Attention: 'QAttention',
  };
  it.each(Object.entries(integerOperators))('computes %s with %s', (layer, operator) => {
    const original = layerExamples[layer]?.().model ?? setup().modelOf();

    const { model: made } = int8(original);

    expect(count(made, operator)).toBe(1);
    expect(count(made, layer)).toBe(0);
  });

  it('stores a weight once that two layers share, and quantizes an input once that two layers read', () => {
    const { x, weight, values, modelOf } = setup();
    const other = constant(floats([rows, columns], values(rows * columns)), 'v');
    const shared = modelOf(
      operation('Add', [operation('MatMul', [x, weight]), operation('MatMul', [x, other])]),
      operation('MatMul', [operation('Relu', [x]), weight]),
    );

    const { model: made, layers: decisions } = int8(shared);

    expect(count(made, 'MatMulInteger')).toBe(3);
    expect(count(made, 'DynamicQuantizeLinear')).toBe(2);
    const stored = valuesOf(made).filter(
      (value): value is ConstantValue => value.kind === 'constant' && value.tensor.elementType === 'int8',
    );
    expect(stored.map(({ name }) => name).sort()).toEqual(['v.int8', 'w.int8']);
    expect(decisions.map(({ layer, bytesAfter }) => [layer, bytesAfter])).toEqual([
      ['w', 768 + 4 * 24],
      ['v', 768 + 4 * 24],
      ['w#2', 0],
    ]);
  });

  it('stores an embedding once that is also what the outputs are multiplied by', async () => {
    const table = constant(floats([40, rows], setup().values(40 * rows)), 'table');
    const ids = input('ids', 'int64', ['batch']);
    const embedded = operation('Gather', [table, ids]);
    const tied = model({
      graph: {
        name: 'tied',
        inputs: [ids],
        outputs: [
          { name: 'y0', value: operation('Gemm', [embedded, table], { transB: attribute.int(1) }) },
          { name: 'y1', value: operation('MatMul', [embedded, operation('Transpose', [table])]) },
        ],
      },
    });
    const feeds = { ids: tensor('int64', [3], [1, 39, 0]) };

    const { model: made, layers: decisions } = int8(tied);

    expect(decisions.filter(({ kept }) => kept !== undefined)).toEqual([]);
    const int8s = valuesOf(made).filter(
      (value) => value.kind === 'constant' && value.tensor.elementType === 'int8',
    );
    expect(int8s).toHaveLength(1);
    const [expected, found] = [
      await runModel(writeModel(tied), feeds),
      await runModel(writeModel(made), feeds),
    ];
    for (const name of ['y0', 'y1'])
      found[name]?.data.forEach((value, at) => {
        expect(Math.abs(Number(value) - Number(expected[name]?.data[at]))).toBeLessThan(0.15);
      });
  });

  it('reaches layers inside the bodies of control flow', async () => {
    const { x, weight, modelOf, feeds } = setup();
    const body = (name: string, value: Value) => ({ name, inputs: [], outputs: [{ name, value }] });
    const condition = operation('Greater', [
      operation('ReduceSum', [x], { keepdims: attribute.int(0) }),
      constant(scalar(0)),
    ]);
    const branching = modelOf(
      operation('If', [condition], {
        then_branch: attribute.graph(body('then', operation('MatMul', [x, weight]))),
        else_branch: attribute.graph(body('else', operation('Neg', [operation('MatMul', [x, weight])]))),
      }),
    );

    const { model: made, layers: decisions } = int8(branching);

    expect(count(made, 'MatMul')).toBe(0);
    expect(count(made, 'MatMulInteger')).toBe(2);
    expect(decisions.map(({ kept: reason }) => reason)).toEqual([undefined, undefined]);
    expect((await runModel(writeModel(made), feeds)).y0?.dims).toEqual([4, columns]);
  });

  it('tells the result of each layer before and after, through an upgrade too', async () => {
    const { x, weight, modelOf, feeds } = setup();
    const product = operation('MatMul', [x, weight]);
    const old = { ...modelOf(operation('Relu', [product])), opsets: { '': 9 } };

    const { model: made, layers: decisions } = int8(old);

    const [results] = decisions.map((decision) => decision.results);
    expect(results?.before).toBe(product);
    expect(valuesOf(made)).toContain(results?.after);
    expect(made.opsets['']).toBeGreaterThanOrEqual(13);
    expect((await runModel(writeModel(made), feeds)).y0?.dims).toEqual([4, columns]);
  });

  it('answers row by row as well beside a row of extreme values as alone, where it is asked to', async () => {
    const { x, weight, values, modelOf } = setup();
    const bytes = writeModel(int8(modelOf(operation('MatMul', [x, weight])), { eachRow: true }).model);
    const row = [...values(rows)];
    const run = async (all: number[][]) => {
      const { y0 } = await runModel(bytes, { x: floats([all.length, rows], all.flat()) });
      return Array.from<unknown>(y0?.data ?? []).slice(0, columns);
    };

    const alone = await run([row]);
    const inCompany = await run([row, Array.from(row, () => 1e6), Array.from(row, () => 0)]);

    const errors = alone.map((value, at) => Math.abs(Number(value) - Number(inCompany[at])));
    expect(Math.max(...errors)).toBeLessThan(0.1);
  });

  const lstm = (attributes: Attributes, inputs: readonly (Value | undefined)[] = []) => {
    const given = setup();
    const x = input('x', 'float', [4, 'batch', rows]);
    const weights = [
      constant(floats([1, 32, rows], given.values(32 * rows)), 'w'),
      constant(floats([1, 32, 8], given.values(256))),
    ];
    const node = operation(
      'LSTM',
      [x, ...weights, ...inputs],
      { hidden_size: attribute.int(8), ...attributes },
      { outputs: 1 },
    );
    return model({ graph: { name: 'lstm', inputs: [x], outputs: [{ name: 'y', value: node }] } });
  };
  const none = (count: number) => new Array<undefined>(count).fill(undefined);

  const kept: Record<string, { build: (given: Setup) => Model; kept: string }> = {
    'a weight that another operator reads': {
      build: ({ x, weight, modelOf }) =>
        modelOf(operation('MatMul', [x, weight]), operation('Neg', [weight])),
      kept: 'also read as floats, by Neg',
    },
    'a weight that the model gives out': {
      build: ({ x, weight, modelOf }) => modelOf(operation('MatMul', [x, weight]), weight),
      kept: "also read as floats, by the model's outputs",
    },
    'a weight that its layer reads twice': {
      build: ({ modelOf, values }) => {
        const square = constant(floats([rows, rows], values(rows * rows)), 'w');
        return modelOf(operation('Gemm', [input('x', 'float', [rows, rows]), square, square]));
      },
      kept: 'also read as floats, by Gemm',
    },
    'a small weight': {
      build: ({ x, values, modelOf }) =>
        modelOf(operation('MatMul', [x, constant(floats([rows, 3], values(rows * 3)))])),
      kept: '96 weights are too few to gain: under 512',
    },
    'a flat weight, whose scales weigh too much': {
      build: ({ values, modelOf }) =>
        modelOf(
          operation('MatMul', [input('x', 'float', ['batch', 4]), constant(floats([4, 200], values(800)))]),
        ),
      kept: 'with its scales it would still take 0.50 of its bytes: over 0.35',
    },
    'a weight with NaN': {
      build: ({ x, values, modelOf }) =>
        modelOf(
          operation('MatMul', [
            x,
            constant(floats([rows, columns], values(rows * columns).fill(Number.NaN, 5, 6))),
          ]),
        ),
      kept: 'it holds NaN or infinity',
    },
    doubles: {
      build: ({ modelOf }) =>
        modelOf(
          operation('MatMul', [
            input('x', 'double', [1, rows]),
            constant(tensor('double', [rows, columns], new Float64Array(rows * columns))),
          ]),
        ),
      kept: 'its weights are double: only float is compressed',
    },
    'a weight on the left': {
      build: ({ x, values, modelOf }) =>
        modelOf(
          operation('MatMul', [
            constant(floats([columns, rows], values(rows * columns))),
            operation('Transpose', [x]),
          ]),
        ),
      kept: 'its weights are on the left, for which there is no integer kernel',
    },
    'a table that is looked up along another axis': {
      build: ({ values, modelOf }) =>
        modelOf(
          operation(
            'Gather',
            [constant(floats([rows, 40], values(rows * 40))), constant(tensor('int64', [2], [1, 2]))],
            {
              axis: attribute.int(1),
            },
          ),
        ),
      kept: 'it looks up along another axis than the first',
    },
    'an LSTM with peepholes': {
      build: ({ values }) => lstm({}, [...none(4), constant(floats([1, 24], values(24)))]),
      kept: 'it has peepholes, for which there is no integer kernel',
    },
    'an LSTM with the batch first': {
      build: () => lstm({ layout: attribute.int(1) }),
      kept: 'the int8 LSTM has the batch second, this one first',
    },
    'a layer that is asked for': {
      build: ({ x, values, modelOf }) =>
        modelOf(operation('MatMul', [x, constant(floats([rows, columns], values(rows * columns)), 'asked')])),
      kept: 'asked for',
    },
  };

  it.each(Object.entries(kept))('leaves %s as it is, and says why', (_what, { build, kept: reason }) => {
    const made = build(setup());

    const { model: result, layers: decisions } = int8(made, { keep: ['asked'] });

    expect(result).toBe(made);
    expect(decisions.map((decision) => decision.kept)).toEqual([reason]);
  });

  it('leaves layers that share a weight as they are where one of them has to stay', () => {
    const { x, weight, modelOf } = setup();
    const made = modelOf(
      operation('MatMul', [x, weight]),
      operation('MatMul', [operation('Relu', [x]), weight]),
    );

    const { model: result, layers: decisions } = int8(made, { keep: ['w#2'] });

    expect(result).toBe(made);
    expect(decisions.map(({ kept: reason }) => reason)).toEqual([
      "shared with 'w#2', which stays as it is",
      'asked for',
    ]);
  });

  it('leaves a square weight that two layers read by columns and by rows', () => {
    const { x, values, modelOf } = setup();
    const square = constant(floats([rows, rows], values(rows * rows)));
    const made = modelOf(
      operation('MatMul', [x, square]),
      operation('Gemm', [x, square], { transB: attribute.int(1) }),
    );

    const { layers: decisions } = int8(made);

    const reason = 'shared by layers that read it in different ways';
    expect(decisions.map(({ kept: why }) => why)).toEqual([reason, reason]);
    expect(int8(made, { per_channel: false }).layers.map(({ kept: why }) => why)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('touches only the operators that it is asked for', () => {
    const original = layerExamples.Conv?.().model ?? setup().modelOf();

    const { model: result, layers: decisions } = int8(original, { operators: ['MatMul'] });

    expect(result).toBe(original);
    expect(decisions).toEqual([]);
  });

  it('refuses a model too old to be upgraded', () => {
    const { x, weight, modelOf } = setup();
    const old = { ...modelOf(operation('MatMul', [x, weight])), opsets: { '': 6 } };

    const apply = () => int8(old);

    expect(apply).toThrow(UnsuitableModelError);
    expect(apply).toThrow(/uses ONNX opset 6, and int8_dynamic needs 13 or later/);
  });
});
